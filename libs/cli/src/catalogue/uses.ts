import type { RecordedSession } from '../replay/session.ts';

/** How recorded calls used one argument. */
export interface ArgumentUse { seen: number; readonly kinds: Record<string, number>; readonly items: Record<string, number>; readonly samples: string[] }
/** How recorded calls used one tool that the catalogue does not know. */
export interface ToolUse { readonly tool: string; readonly suite: string; calls: number; readonly args: Map<string, ArgumentUse>; readonly results: string[] }

const mostTools = 1_000;
const mostArguments = 64;
const mostSamples = 50;
const longestSample = 400;
const longestResult = 4_000;

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'number' ? (Number.isSafeInteger(value) ? 'integer' : 'number') : typeof value;

const bump = (counts: Record<string, number>, key: string): void => { counts[key] = (counts[key] ?? 0) + 1; };

/** Collects uses of unknown tools, bounded; labels are not looked at. */
export const createUses = (known: ReadonlySet<string>) => {
  const uses = new Map<string, ToolUse>();
  const see = (session: Pick<RecordedSession, 'suite' | 'calls'>): void => {
    for (const call of session.calls) {
      const tool = `${session.suite}.${call.tool}`;
      if (known.has(tool)) continue;
      let use = uses.get(tool);
      if (use === undefined) {
        if (uses.size >= mostTools) continue;
        uses.set(tool, use = { tool, suite: session.suite, calls: 0, args: new Map(), results: [] });
      }
      use.calls++;
      if (use.results.length < mostSamples && call.result !== null && call.result !== '') use.results.push(call.result.slice(0, longestResult));
      for (const [name, value] of Object.entries(call.arguments)) seeArgument(use, name, value);
    }
  };
  return { see, uses: () => [...uses.values()] };
};

const seeArgument = (use: ToolUse, name: string, value: unknown): void => {
  let arg = use.args.get(name);
  if (arg === undefined) {
    if (use.args.size >= mostArguments) return;
    use.args.set(name, arg = { seen: 0, kinds: Object.create(null) as Record<string, number>, items: Object.create(null) as Record<string, number>, samples: [] });
  }
  arg.seen++;
  bump(arg.kinds, kindOf(value));
  for (const item of Array.isArray(value) ? value.slice(0, 100) : [value]) {
    if (Array.isArray(value)) bump(arg.items, kindOf(item));
    if (typeof item === 'string' && item !== '' && arg.samples.length < mostSamples) arg.samples.push(item.slice(0, longestSample));
  }
};

/** What it mostly is, a null aside. */
export const mainKind = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts).filter(([kind]) => kind !== 'null').sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'string';
