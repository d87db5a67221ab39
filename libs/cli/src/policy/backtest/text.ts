import type { BacktestReport } from '@countersign/policy/core/backtest/report';
import type { Example } from '@countersign/policy/core/backtest/examples';
import { id, inert } from '../../people/inert.ts';

const n = (value: number): string => value.toLocaleString('en');
const per = (value: number): string => (value >= 10 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2))));

/** A time as people say it: 40 s, 12 min, 3.5 h, 2 d. */
export const spoken = (ms: number | null): string => {
  if (ms === null) return '–';
  const [value, unit] = ms < 90_000 ? [ms / 1_000, 's'] : ms < 5_400_000 ? [ms / 60_000, 'min'] : ms < 172_800_000 ? [ms / 3_600_000, 'h'] : [ms / 86_400_000, 'd'];
  return `${per(value)} ${unit}`;
};

export const changeNames = {
  newlyBlocked: 'newly blocked', newlyAsked: 'newly asked about', newlyDeferred: 'newly deferred', newlyModified: 'newly with changed arguments', raised: 'raised in tier',
  newlyAllowed: 'newly allowed without people', noLongerDenied: 'no longer denied', noLongerModified: 'no longer with changed arguments', lowered: 'lowered in tier', otherRules: 'same, by other rules', same: 'the same',
} as const;
/** What a reader must look at first: what becomes possible, then what is stopped. */
export const inOrder = ['newlyAllowed', 'noLongerDenied', 'noLongerModified', 'lowered', 'newlyBlocked', 'newlyAsked', 'newlyDeferred', 'newlyModified', 'raised'] as const;

export const versionsSaid = ({ proof }: BacktestReport): string => Object.entries(proof.versions).map(([version, { decisions, known }]) => `${id(version)} (${n(decisions)}${known ? '' : ', its bundle is not known'})`).join(', ');

/** Whether the record holds, in one sentence. */
export const proofSaid = (report: BacktestReport): string => {
  const { proof } = report;
  if (report.decisions.read === 0) return 'No decision was recorded in this stretch of time: nothing is proven, and nothing was tried.';
  if (proof.ok) return `Proven: the recorded versions make all ${n(proof.reproduced)} decisions again from the record alone: ${versionsSaid(report) || 'there are none'}. ${n(proof.carried)} more no rule made.`;
  return [
    'THE RECORD IS NOT REPRODUCED.',
    ...(proof.different > 0 ? [`${n(proof.different)} of ${n(proof.reproduced + proof.different)} decisions come out differently from their own facts and their own version: what follows compares with a record that does not hold.`] : []),
    ...(proof.unproven > 0 ? [`${n(proof.unproven)} decisions are of versions whose bundle is not known (${versionsSaid(report)}): name its folder with --known.`] : []),
  ].join(' ');
};

const example = (one: Example): string =>
  `    ${new Date(one.at).toISOString()} ${id(one.agent)} ${id(one.tool)} ${one.before.decision} ${one.before.tier} → ${one.after.decision} ${one.after.tier}${one.came.length > 0 ? `, by ${one.came.map(id).join(', ')}` : ''}${one.gone.length > 0 ? `, no longer by ${one.gone.map(id).join(', ')}` : ''}  ${Object.entries(one.facts).map(([name, value]) => `${id(name)} ${inert(JSON.stringify(value), 60).slice(1, -1).replaceAll('\\"', '"')}`).join(', ')}  (run ${id(one.run)}, action ${id(one.action)})`;

const shown = 3;

/** What the terminal shows. */
export const textOf = (report: BacktestReport): string => {
  const { decisions, total, people } = report;
  const lines = [proofSaid(report)];
  for (const one of report.proof.mismatches.slice(0, 10)) lines.push(`  ${id(one.version)} position ${one.position}, run ${id(one.run)}, action ${id(one.action)}: ${one.differences.map(({ field, recorded, reproduced }) => `${field} ${inert(recorded, 80)} on the record, ${inert(reproduced, 80)} again`).join('; ')}`);
  lines.push('', `Draft ${id(report.draft.version)} on ${n(decisions.read)} decisions${report.window.from === null ? '' : `, ${report.window.from} to ${report.window.to}`}:`);
  const unchanged = total.changes.same + total.changes.otherRules;
  lines.push(`  ${n(unchanged)} of ${n(decisions.compared)} unchanged, ${n(report.tightened)} tightened, ${n(report.loosened)} loosened${decisions.unknown > 0 ? `, ${n(decisions.unknown)} unknown` : ''}.`);
  for (const change of inOrder) {
    if (total.changes[change] === 0) continue;
    lines.push(`  ${n(total.changes[change])} ${changeNames[change]}`, ...(report.examples[change] ?? []).slice(0, shown).map(example));
  }
  for (const { what, decisions: count, rules } of report.missing.slice(0, 10)) lines.push(`  ${n(count)} unknown for want of ${what.split(' ').map(id).join(' ')}${rules.length > 0 ? `, read by ${rules.slice(0, 5).map(id).join(', ')}` : ''}`);
  for (const row of report.rules.rows.filter((one) => one.tightened + one.loosened > 0).slice(0, 8)) lines.push(`  rule ${id(row.name)}: spoke ${n(row.before)} times, now ${n(row.after)}; tightens ${n(row.tightened)}, loosens ${n(row.loosened)}`);
  lines.push('', `People: ${n(people.before.asks)} questions became ${n(people.after.asks)} (${per(people.before.perDay.mean)} → ${per(people.after.perDay.mean)} a day).`);
  for (const route of people.after.byRoute.slice(0, 6)) {
    const before = people.before.byRoute.find((one) => one.route.join() === route.route.join());
    lines.push(`  ${route.route.map(id).join(' or ')}: ${route.people} ${route.people === 1 ? 'person' : 'people'}, ${route.votesPerPersonPerDay === null ? 'NOBODY HAS THE ROLE' : `${before?.votesPerPersonPerDay == null ? '0' : per(before.votesPerPersonPerDay)} → ${per(route.votesPerPersonPerDay)} votes each a day`}`);
  }
  lines.push(`  wait until decided, half / 9 of 10 / 99 of 100: ${[people.before, people.after].map(({ decided }) => [decided.p50, decided.p90, decided.p99].map(spoken).join(' / ')).join(' → ')}; lapsed ${n(people.before.lapsed)} → ${n(people.after.lapsed)}`);
  lines.push(`  (simulated with ${people.reviewers.from === 'given' ? `${people.reviewers.count} people` : 'one person for each role, assumed'}, ${spoken(people.service.meanMs)} a question, ${people.service.from})`);
  return `${lines.join('\n')}\n`;
};
