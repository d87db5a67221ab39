import type { Measures } from './measures.ts';

export type BySuite = Readonly<Record<string, Measures>>;

const shown = (value: number): string => (Number.isNaN(value) ? '   –' : value.toFixed(3));

/** What people read of one split: a line for each workplace, the whole last. */
export const table = (split: string, of: BySuite): string => [
  `${split.padEnd(12)} AUC    caught at 1 % 5 %   false alarms at nominal 1 % 5 %   caught by it 1 % 5 %   AUC of calls  actions to alarm`,
  ...Object.entries(of).map(([suite, m]) =>
    `  ${suite.padEnd(10)} ${shown(m.auc)}  ${shown(m.at1).padStart(12)} ${shown(m.at5)}  ${shown(m.realised1).padStart(24)} ${shown(m.realised5)}  ${shown(m.caught1).padStart(14)} ${shown(m.caught5)}  ${shown(m.callAuc).padStart(12)}  ${m.actionsToAlert.toFixed(2).padStart(6)}   ${m.sessions.hijacked} hijacked, ${m.sessions.benign} without attack; of ${m.sessions.resisted} that resisted one ${shown(m.sessions.resistedAlarms)} alarm at 5 %`),
].join('\n');

/** NaN is no JSON: what could not be measured is null. */
export const forJson = (of: BySuite): Record<string, Record<string, unknown>> =>
  Object.fromEntries(Object.entries(of).map(([suite, measures]) => [suite, Object.fromEntries(Object.entries(measures).map(([name, value]) => [name, typeof value === 'number' ? (Number.isNaN(value) ? null : Number(value.toFixed(4))) : value]))]));
