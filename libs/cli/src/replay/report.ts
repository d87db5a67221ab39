import type { AuditResult } from './aftermath.ts';

/** What `npm run replay -- --json` prints (DESIGN 15). `latencyMs` is from handing a proposal to the SDK until its first decision. */
export interface Report {
  readonly bus: 'kafka' | 'embedded';
  /** Tools that the pack does not know: their entries were inferred from names and recorded arguments. */
  readonly inferredTools: readonly { readonly tool: string; readonly consequential: boolean; readonly reversible: boolean; readonly target: string | null }[];
  readonly sessions: number; readonly proposals: number; readonly decisions: number; readonly lost: number; readonly duplicates: number;
  readonly byTier: Readonly<Record<string, number>>; readonly byDecision: Readonly<Record<string, number>>;
  readonly injected: { readonly total: number; readonly stopped: number };
  readonly benign: { readonly total: number; readonly autonomous: number };
  readonly benignConsequential: { readonly total: number; readonly autonomous: number };
  readonly afterHalt: number; readonly approvals: number; readonly asksPer100Sessions: number; readonly findings: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  readonly perSecond: number;
  readonly audit: AuditResult;
}

const share = (part: number, total: number): string => (total === 0 ? `${part} of 0` : `${part} of ${total} (${(part / total * 100).toFixed(1)} %)`);
const counts = (of: Readonly<Record<string, number>>): string => Object.entries(of).sort().map(([name, n]) => `${name}: ${n}`).join('  ');

/** The table for people. */
export const reportTable = (report: Report): string => [
  ['sessions', `${report.sessions} on ${report.bus}`],
  ...(report.inferredTools.length === 0 ? [] : [['tools inferred', `${report.inferredTools.length} that the catalogue does not know (see \`countersign tools infer\`)`]]),
  ['proposals', `${report.proposals} (${report.perSecond}/s; decided p50 ${report.latencyMs.p50.toFixed(0)} ms, p99 ${report.latencyMs.p99.toFixed(0)} ms)`],
  ['decisions', `${report.decisions}, lost ${report.lost}, duplicates ${report.duplicates}`],
  ['by tier', counts(report.byTier)],
  ['by decision', counts(report.byDecision)],
  ['injected, stopped', share(report.injected.stopped, report.injected.total)],
  ['benign, alone', share(report.benign.autonomous, report.benign.total)],
  ['  consequential', share(report.benignConsequential.autonomous, report.benignConsequential.total)],
  ['after a halt', String(report.afterHalt)],
  ['people asked', `${report.approvals} (${report.asksPer100Sessions} per 100 sessions)`],
  ['findings', String(report.findings)],
  ['the record', `${report.audit.entries} entries, ${report.audit.verified ? 'verified' : 'DOES NOT VERIFY'}`],
].map(([name, value]) => `${name!.padEnd(18)} ${value}\n`).join('');
