import type { DisposeResponse, Finding, FindingList, FindingView } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { Refused } from './client.ts';
import { personCommand } from './command.ts';
import type { Session } from './command.ts';
import { findingsUsage } from './findings-usage.ts';
import { id, inert } from './inert.ts';

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
const summary = (one: Finding): string => `${id(one.finding)}  ${new Date(one.at).toISOString()}  ${one.severity}  ${id(one.agent)}${one.run === null ? '' : `, run ${id(one.run)}`}`;
const lines = (one: Finding): readonly string[] => [summary(one), `  ${inert(one.explanation, 1_000)}`, ''];

const detail = ({ finding, dispositions }: FindingView): readonly string[] => [
  summary(finding), `  ${inert(finding.explanation, 4_000)}`, '',
  `  severity   ${finding.severity}: impact ${finding.impact}, confidence ${percent(finding.confidence)}`,
  `  looks like ${finding.techniques.length === 0 ? 'no technique of MITRE ATLAS' : finding.techniques.map(id).join(', ')}`,
  `  evidence   ${finding.score.toFixed(1)} nats, of which`,
  ...finding.contributions.map(({ feature, nats, text }) => `    ${nats.toFixed(1).padStart(6)}  ${feature.padEnd(10)}  ${inert(text, 500)}`),
  `  events     ${finding.events.map(id).join(', ') || 'none'}`,
  ...(finding.spread === undefined ? [] : [`  agents     ${finding.spread.agents.map(id).join(', ')}${finding.spread.count > finding.spread.agents.length ? ` and ${finding.spread.count - finding.spread.agents.length} more` : ''}`]),
  ...(finding.case === undefined ? [] : [`  case       ${id(finding.case.finding)}, of which this is the ${finding.case.seen}. that was seen since ${new Date(finding.case.since).toISOString()}`]),
  ...(finding.repeats > 0 ? [`  repeats    ${finding.repeats} since it was last told`] : []),
  ...dispositions.map(({ person, verdict, status, reason, at }) => `  said       ${new Date(at).toISOString()} ${id(person)}: ${verdict} (${status}), ${inert(reason)}`),
];

const findingOf = (text: string | undefined): string => {
  if (text === undefined || !/^[A-Za-z0-9_-][A-Za-z0-9._:~-]{0,127}$/.test(text)) throw new CannotRun(`Name a finding by its id. Usage:\n${findingsUsage}`);
  return text;
};

const list = async (session: Session): Promise<void> => {
  const { client } = session.as(['analyst', 'supervisor']);
  const agent = session.values['agent'];
  const found = await client.request<FindingList>('anomaly', 'GET', `/findings${typeof agent === 'string' ? `?agent=${encodeURIComponent(agent)}` : ''}`);
  session.show(found, found.findings.length === 0 ? ['Nothing was found.'] : found.findings.flatMap(lines));
};

const show = async (session: Session, finding: string): Promise<void> => {
  const { client } = session.as(['analyst', 'supervisor']);
  const view = await client.request<FindingView>('anomaly', 'GET', `/findings/${finding}`);
  if (session.values['ocsf'] === true) session.show(view.detection, [JSON.stringify(view.detection, undefined, 2)]);
  else session.show(view, detail(view));
};

const dispose = async (session: Session, finding: string, verdict: string | undefined): Promise<void> => {
  if (verdict !== 'true' && verdict !== 'false' && verdict !== 'expected') throw new CannotRun(`Say true, false or expected${verdict === undefined ? '' : `, not "${verdict}"`}. Usage:\n${findingsUsage}`);
  const reason = session.needed('reason');
  const { person, key, client } = session.as(['analyst', 'supervisor']);
  const view = await client.request<FindingView>('anomaly', 'GET', `/findings/${finding}`);
  const digest = argumentsDigest(view.finding as never);
  if (view.finding.finding !== finding || digest !== view.digest) throw new Refused('digest_mismatch', 'what is shown is not what would be signed: nothing was signed', 409, false);
  const jws = signPersonStatement('disposition', { sub: person, tenant: view.finding.tenant, finding, digest, verdict, reason, iat: Math.floor(Date.now() / 1000) }, key);
  const taken = await client.request<DisposeResponse>('anomaly', 'POST', `/findings/${finding}/dispositions`, { jws });
  session.show(taken, [...detail(view), '', taken.needs === 1 ? `You said ${verdict}: it counts.` : `You said ${verdict}: it counts once ${taken.needs} analysts have said so.`]);
};

/** What anomaly detection found, and what analysts say of it. */
export const findings: Command = personCommand(findingsUsage, { agent: { type: 'string' }, reason: { type: 'string' }, ocsf: { type: 'boolean' } }, async (session) => {
  const [what, finding, verdict, ...more] = session.positionals;
  if (what === undefined) return list(session);
  if (what === 'show' && verdict === undefined) return show(session, findingOf(finding));
  if (what === 'dispose' && more.length === 0) return dispose(session, findingOf(finding), verdict);
  throw new CannotRun(`Usage:\n${findingsUsage}`);
});
