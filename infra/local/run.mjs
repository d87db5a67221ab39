// The one door of every npm script. Node built-ins only until packages are installed; runs on Node 20, goes on under the pinned Node.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { install } from './install.mjs';
import { bin } from './paths.mjs';
import { say, Trouble } from './say.mjs';

const commands = {
  start: { help: 'npm start\n  Brings up Kafka, PostgreSQL, Redis and all services, and shows the demonstration. Ctrl-C stops everything.', load: () => import('./programs.mjs').then((m) => m.start) },
  test: { help: 'npm test -- [--only unit|int|journeys|faults] [path …]\n  Lint, types, generated code, and all tests on infrastructure of their own. Exit 1: something failed; 2: could not run.', load: () => import('./tests.mjs').then((m) => m.test) },
  up: { help: 'run.mjs up [--test] [--scram [--tls]]\n  Infrastructure only, left running until `npm run stop`; prints its addresses as JSON.', load: () => import('./programs.mjs').then((m) => m.bringUp) },
  stop: { help: 'npm run stop\n  Stops what we started, and nothing else.', bare: true, load: () => import('./programs.mjs').then((m) => m.stop) },
  reset: { help: 'npm run reset\n  Stops, and deletes data and secrets. What was fetched stays cached.', bare: true, load: () => import('./programs.mjs').then((m) => m.reset) },
  doctor: { help: 'npm run doctor -- [--json]\n  Says what this machine has and lacks. Exit 1 when something is missing.', bare: true, load: () => import('./doctor.mjs').then((m) => m.doctor) },
  build: { help: 'run.mjs build\n  Compiles everything to dist/.', load: () => import('./build.mjs').then((m) => () => m.build().then(() => 0)) },
  replay: { help: 'npm run replay -- [FILE] [--limit N] [--bus kafka|embedded] [--approver none|approve|deny] [--json]\n  Plays recorded agent sessions through a fresh Countersign.', load: () => import('./programs.mjs').then((m) => m.replay) },
  bench: { help: 'npm run bench -- [NAME …] [--json]\n  Measures, each against a baseline of the same run.', load: () => import('./programs.mjs').then((m) => m.bench) },
  'eval:anomaly': { help: 'npm run eval:anomaly -- FILE [--split recurring|unseen] [--catalogue none] [--json]\n  How well hijacked sessions of a labelled file are told apart by behaviour.', load: () => import('./programs.mjs').then((m) => m.evaluation('eval:anomaly')) },
  'eval:fleet': { help: 'npm run eval:fleet -- [--agents N] [--seed N] [--unattended] [--json]\n  What is found of faults planted in a simulated fleet, and how many false alerts there are.', load: () => import('./programs.mjs').then((m) => m.fleet) },
  faults: { help: 'npm run faults -- [N]\n  Kills audit, its broker and its PostgreSQL N times (100) at random points under load, with a fixed seed; then everything must be on the record once.', load: () => import('./tests.mjs').then((m) => m.faults) },
  'eval:nab': { help: 'npm run eval:nab -- DIR [--out DIR] [--json]\n  The detector, by volume and timing, on the Numenta benchmark, results in its format.', load: () => import('./programs.mjs').then((m) => m.evaluation('eval:nab')) },
  cli: { help: undefined, load: () => import('./programs.mjs').then((m) => m.cli) },
};

/** When this process began, epoch ms: what `first governed action after` is counted from. */
const began = Date.now() - Math.round(performance.now());

/** The same command under node_modules' Node. */
function again(args) {
  const child = spawn(bin('node'), ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), ...args], { stdio: 'inherit', env: { ...process.env, CS_NODE: '1', CS_STARTED_AT: String(began) } });
  // Ctrl-C reaches the child by itself when we share a terminal; the child takes a second signal calmly.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? (signal ? 130 : 2))));
}

async function main([name, ...args]) {
  const command = commands[name];
  if (!command || name === '--help') {
    process.stderr.write(`Usage: node infra/local/run.mjs <command>\n\n${Object.values(commands).map((one) => one.help).filter(Boolean).join('\n\n')}\n`);
    return name === '--help' ? 0 : 2;
  }
  if (command.help && args.includes('--help')) { process.stdout.write(`${command.help}\n`); return 0; }
  if (!command.bare && !process.env.CS_NODE) { install(); return again([name, ...args]); }
  delete process.env.CS_NODE;
  return (await command.load())(args);
}

main(process.argv.slice(2)).then((code) => process.exit(code), (error) => {
  if (error instanceof Trouble) { say(error.message); process.exit(error.exitCode); }
  say(error?.stack ?? String(error));
  process.exit(2);
});
