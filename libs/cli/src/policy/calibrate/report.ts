import type { Labelled, Labels } from '@countersign/policy/core/calibration/labels';
import { calibrationOf } from '@countersign/policy/core/calibration/reliability';
import type { Calibration } from '@countersign/policy/core/calibration/reliability';
import { proposeThreshold } from '@countersign/policy/core/calibration/threshold';
import type { Threshold } from '@countersign/policy/core/calibration/threshold';

export interface Part extends Calibration { readonly name: string; readonly threshold: Threshold | null }
export interface CalibrationReport {
  readonly from: string | null; readonly to: string | null; readonly wrong: number;
  readonly actions: number; readonly silent: number; readonly drawn: number; readonly reviewed: number; readonly byWhy: Readonly<Record<string, number>>;
  /** null where no action has both a claim and a known end. */
  readonly all: Part | null;
  readonly agents: readonly Part[]; readonly tools: readonly Part[];
}

const mostParts = 100;

/** Everything the command says. @param wrong the share of wrong actions that is borne above the threshold */
export const reportOf = (labels: Labels, { from, to, wrong }: Pick<CalibrationReport, 'from' | 'to' | 'wrong'>): CalibrationReport => {
  const part = (name: string, labelled: readonly Labelled[]): Part | null => {
    const found = calibrationOf(labelled);
    return found === undefined ? null : { name, ...found, threshold: proposeThreshold(labelled, wrong) };
  };
  const parts = (by: 'agent' | 'tool'): Part[] =>
    [...Map.groupBy(labels.labelled, (one) => one[by])].sort(([, a], [, b]) => b.length - a.length).slice(0, mostParts).map(([name, found]) => part(name, found)!);
  const { actions, silent, drawn, reviewed, byWhy } = labels;
  return { from, to, wrong, actions, silent, drawn, reviewed, byWhy, all: part('all', labels.labelled), agents: parts('agent'), tools: parts('tool') };
};

const three = (value: number): string => value.toFixed(3);
export const within = (value: number, { low, high }: { readonly low: number; readonly high: number }): string => `${three(value)} (${three(low)}–${three(high)})`;
export const proposal = ({ threshold }: Part, wrong: number): string =>
  (threshold === null ? `none: nowhere are at most ${(wrong * 100).toFixed(1)} % shown to be wrong` : `ask people below ${threshold.confidence.toFixed(2)} (above it ${(threshold.measured * 100).toFixed(1)} % wrong, at most ${(threshold.bound * 100).toFixed(1)} %; ${(threshold.covered * 100).toFixed(0)} % of actions)`);

/** The table for people. */
export const lines = (report: CalibrationReport): string => {
  const { all } = report;
  const heard = Object.entries(report.byWhy).sort().map(([why, n]) => `${why} ${n}`).join(', ') || 'nothing';
  const head = [`${report.actions} actions; known ends: ${heard}. Drawn for review ${report.drawn}, reviewed ${report.reviewed}. Without a claim of confidence ${report.silent}.`];
  if (all === null) return [...head, 'No action has both a claim of confidence and a known end: nothing can be said.'].join('\n');
  const row = (part: Part): string => `  ${part.name.padEnd(34)} ${String(part.outcomes).padStart(6)}  says ${three(part.claimed)}  is ${three(part.right)}  ECE ${within(part.ece, part.eceInterval)}  Brier ${within(part.brier, part.brierInterval)}`;
  const curve = all.curve.map((bin) => `  ${bin.from.toFixed(1)}–${bin.to.toFixed(1)}  ${String(bin.outcomes).padStart(6)}  says ${three(bin.claimed)}  is ${within(bin.right, bin.interval)}`);
  return [...head, '', 'claimed against what came of it (95 % intervals)', ...curve, '', 'all', row(all), 'by agent', ...report.agents.map(row), 'by tool', ...report.tools.map(row), '',
    `Proposed threshold: ${proposal(all, report.wrong)}.`,
    ...(all.threshold === null ? [] : ['  in bundle.yaml:', '    matrix:', `      confidence: { fact: confidence, consequential: true, below: { 3: ${all.threshold.confidence} } }`])].join('\n');
};
