import type { DifferencesView } from '@countersign/contracts';
import { personCommand } from '../people/command.ts';
import { id } from '../people/inert.ts';
import { statusLines, statusOf } from './lifecycle.ts';

/** What is in force, who acknowledged it, and what the version beside would have decided otherwise. */
export const status = personCommand('countersign policy status [--as PERSON] [--json]', {}, async (session) => {
  const actor = session.as([]);
  const [found, differences] = [await statusOf(actor), await actor.client.request<DifferencesView>('policy', 'GET', '/policy/differences')];
  session.show({ ...found, differences }, [...statusLines(found), ...differenceLines(differences)]);
});

const differenceLines = (of: DifferencesView): readonly string[] => {
  if (of.version === null) return [];
  const table = (what: string, rows: DifferencesView['byRule']): readonly string[] => rows.slice(0, 10).map((row) => `    ${what} ${id(row.key)}: ${row.stricter} stricter, ${row.looser} looser`);
  return [
    `  ${id(of.version)} as ${of.mode}: ${of.compared} decisions compared, ${of.same} the same, ${of.stricter} stricter, ${of.looser} looser`,
    ...table('rule', of.byRule), ...table('tool', of.byTool), ...table('agent', of.byAgent),
    ...of.examples.slice(0, 5).map((one) => `    e.g. ${id(one.tool)} by ${id(one.agent)}: ${one.before} -> ${one.after}  run ${id(one.run)} action ${id(one.action)}`),
  ];
};
