import type { BundleHistoryView } from '@countersign/contracts';
import { personCommand } from '../people/command.ts';
import { id, inertLine } from '../people/inert.ts';

type Entry = BundleHistoryView['events'][number];
/** What evaluators say of themselves, and what was computed: shown with --all. */
const byMachines: ReadonlySet<Entry['type']> = new Set(['bundle.acknowledged', 'bundle.compared']);

/** Who did what to the bundle, from policy's event store; each line's id is that of its entry in the audit log. */
export const history = personCommand('countersign policy history [--all] [--as PERSON] [--json]', { all: { type: 'boolean' } }, async (session) => {
  const { client } = session.as([]);
  const events: Entry[] = [];
  let name = '';
  for (let after: number | null = 0; after !== null;) {
    const page: BundleHistoryView = await client.request('policy', 'GET', `/policy/history?after=${after}`);
    name = page.name;
    events.push(...page.events);
    after = page.next;
  }
  const shown = session.values['all'] === true ? events : events.filter(({ type }) => !byMachines.has(type));
  session.show({ name, events: shown }, [`bundle ${id(name)}: ${shown.length} of ${events.length} events${shown.length < events.length ? ' (--all shows the rest)' : ''}`, ...shown.map(line)]);
});

const line = ({ id: entry, at, by, type, version, activation, detail }: Entry): string =>
  `  ${new Date(at).toISOString()}  ${type.slice('bundle.'.length).replaceAll('_', ' ').padEnd(12)} ${version === null ? '' : `${id(version)} `}${activation === null ? '' : `(activation ${activation}) `}by ${id(by)}${detail === null ? '' : `: ${inertLine(detail)}`}   [${id(entry)}]`;
