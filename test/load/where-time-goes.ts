// Reads CPU profiles of a bench (`npm run bench -- decide --profile FOLDER`) and says where the time went: node test/load/where-time-goes.ts FILE.cpuprofile [rows] [seconds to skip: the start]
import { readFileSync } from 'node:fs';

interface Node { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }; readonly children?: readonly number[] }
interface Profile { readonly nodes: readonly Node[]; readonly samples: readonly number[]; readonly timeDeltas: readonly number[] }

const [file, rows = '45', skip = '0'] = process.argv.slice(2);
if (file === undefined) { process.stderr.write('Usage: node test/load/where-time-goes.ts FILE.cpuprofile [rows] [seconds to skip]\n'); process.exit(2); }
const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
const byId = new Map(profile.nodes.map((node) => [node.id, node]));
const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
const own = new Map<number, number>();
let at = 0;
profile.samples.forEach((id, i) => {
  at += profile.timeDeltas[i]!;
  if (at > Number(skip) * 1e6) own.set(id, (own.get(id) ?? 0) + profile.timeDeltas[i]!);
});
const short = (url: string): string => url.replace(/^file:\/\//, '').replace(/^.*\/(node_modules|libs|services|contracts)\//, '$1/');
const idle = new Set(['(idle)', '(program)']);
const nameOf = ({ callFrame: { functionName, url, lineNumber } }: Node): string => `${functionName || '(anonymous)'} ${url === '' ? '' : `${short(url)}:${lineNumber + 1}`}`;

/** The nearest of our own files (or kafkajs) above a frame: what a built-in's time is charged to. */
const moduleOf = (id: number): string => {
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const { url } = byId.get(at)!.callFrame;
    if (url.includes('/kafkajs/')) return 'kafkajs';
    const mine = /\/(libs\/[^/]+|services\/[^/]+|contracts)\/dist\/(.*)\.js$/.exec(url);
    if (mine) return `${mine[1]}/${mine[2]}`;
  }
  return byId.get(id)!.callFrame.functionName.startsWith('(') ? byId.get(id)!.callFrame.functionName : 'node';
};
const sum = (key: (id: number) => string): [string, number][] => {
  const totals = new Map<string, number>();
  for (const [id, time] of own) totals.set(key(id), (totals.get(key(id)) ?? 0) + time);
  return [...totals].sort((a, b) => b[1] - a[1]);
};
const all = [...own.values()].reduce((total, time) => total + time, 0);
const busy = [...own].reduce((total, [id, time]) => total + (idle.has(byId.get(id)!.callFrame.functionName) ? 0 : time), 0);
const print = (title: string, list: [string, number][]): void => {
  process.stdout.write(`\n${title}\n`);
  for (const [name, time] of list.filter(([name]) => !idle.has(name.trim())).slice(0, Number(rows))) process.stdout.write(`${(time / busy * 100).toFixed(1).padStart(6)} %  ${name}\n`);
};
process.stdout.write(`${(all / 1e6).toFixed(1)} s, busy ${(busy / 1e6).toFixed(1)} s\n`);
print('By module (built-ins charged to their caller)', sum(moduleOf));
print('By function, own time', sum((id) => nameOf(byId.get(id)!)));
