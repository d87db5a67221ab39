import type { DetectionFinding, Disposition, Finding } from '@countersign/contracts';
import { impactNumber } from '../core/finding/impact.ts';
import { riskOf, severities } from '../core/finding/severity.ts';
import { atlasVersion, techniqueNames } from '../core/finding/techniques.ts';
import type { Technique } from '../core/finding/techniques.ts';

const capital = <T extends string>(text: T): Capitalize<T> => `${text[0]!.toUpperCase()}${text.slice(1)}` as Capitalize<T>;
const activities = { 1: 'Create', 2: 'Update', 3: 'Close' } as const;
const statuses = { 1: 'New', 2: 'In Progress', 3: 'Suppressed', 4: 'Resolved' } as const;

/** New; in progress once somebody looked; resolved where they found it true, suppressed where they did not. */
const statusOf = (last: Disposition | undefined): keyof typeof statuses => (last === undefined ? 1 : last.status !== 'done' ? 2 : last.verdict === 'true' ? 4 : 3);

/** A number as text: OCSF takes observations as texts. */
const shown = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(4));

const attackOf = (id: string): DetectionFinding['finding_info']['attacks'][number] => {
  const name = techniqueNames[id as Technique] ?? id;
  const parent = id.slice(0, 'AML.T0000'.length);
  const [general] = name.split(':');
  return { version: atlasVersion, technique: { uid: parent, name: general! }, ...(parent !== id && { sub_technique: { uid: id, name } }) };
};

/**
 * A finding as OCSF Detection Finding (class 2004, OCSF 1.9). What the features found stands in `anomaly_analyses`, the actions in `evidences`.
 * @param last the newest disposition, where there is one
 */
export const toDetection = (finding: Finding, last?: Disposition): DetectionFinding => {
  const status = statusOf(last);
  const activity = status === 1 ? 1 : status === 2 ? 2 : 3;
  const agents = finding.spread?.agents ?? [finding.agent];
  const leading = finding.contributions[0]?.feature ?? finding.kind;
  const observed = finding.contributions.filter(({ nats }) => nats > 0);
  return {
    activity_id: activity, activity_name: activities[activity], category_uid: 2, category_name: 'Findings', class_uid: 2004, class_name: 'Detection Finding',
    type_uid: (200_400 + activity) as DetectionFinding['type_uid'], type_name: `Detection Finding: ${activities[activity]}`,
    time: last?.at ?? finding.at, start_time: finding.since, end_time: finding.at,
    severity_id: (severities.indexOf(finding.severity) + 2) as DetectionFinding['severity_id'], severity: capital(finding.severity),
    status_id: status, status: statuses[status], message: finding.explanation,
    metadata: { version: '1.9.0', uid: finding.finding, correlation_uid: finding.case?.finding ?? finding.finding, tenant_uid: finding.tenant, log_name: 'anomaly.findings.v1', product: { name: 'Countersign', vendor_name: 'Countersign' } },
    finding_info: {
      uid: finding.finding, title: `${agents.length > 1 ? `${finding.spread!.count} agents` : finding.agent}: unusual ${[...new Set(observed.map(({ feature }) => feature))].slice(0, 3).join(', ') || leading}`, desc: finding.explanation, types: [finding.kind],
      created_time: finding.at, first_seen_time: finding.since, last_seen_time: finding.at,
      analytic: { type_id: 2, type: 'Behavioral', name: leading }, attacks: finding.techniques.map(attackOf),
      related_events_count: finding.events.length, related_events: finding.events.map((uid) => ({ uid, type: 'action' })),
    },
    anomaly_analyses: observed.length === 0 ? [] : [{
      analysis_targets: agents.map((name) => ({ name, type: 'AI agent' })),
      anomalies: observed.map(({ feature, observed: value, text }) => ({ observation_parameter: feature, observation_type: 'observed', observations: [{ value: shown(value) }], observed_pattern: text })),
      baselines: observed.map(({ feature, expected }) => ({ observation_parameter: feature, observation_type: 'expected', observations: [{ value: shown(expected) }] })),
    }],
    // The schema wants a thing that the evidence is about: the actor, with the agent as the application that acted.
    evidences: finding.events.slice(-64).map((uid) => ({ uid, actor: { app_uid: finding.agent }, ai_agent: { uid: finding.agent, name: finding.agent, ...(finding.run !== null && { instance_uid: finding.run }) } })),
    resources: agents.map((uid) => ({ uid, type: 'AI agent' })),
    ...confidenceBand(finding.confidence), confidence_score: Math.round(finding.confidence * 100),
    impact_id: impactNumber(finding.impact) as DetectionFinding['impact_id'], impact: capital(finding.impact),
    risk_score: Math.round(riskOf(finding.impact, finding.confidence) * 100), is_alert: true,
    unmapped: { score: finding.score, repeats: finding.repeats, ...(finding.case && { case: finding.case }), contributions: finding.contributions },
  };
};

const confidenceBand = (confidence: number): Pick<DetectionFinding, 'confidence_id' | 'confidence'> =>
  (confidence < 0.5 ? { confidence_id: 1, confidence: 'Low' } : confidence < 0.9 ? { confidence_id: 2, confidence: 'Medium' } : { confidence_id: 3, confidence: 'High' });
