import type { AgentState } from '../core/partition.ts';

/** Sets keep their order and doubles their shortest form, so what is read is what was written. */
export const writeState = (state: AgentState): string =>
  JSON.stringify({ ...state, baseline: { ...state.baseline, targets: [...state.baseline.targets] } });

export const readState = (text: string): AgentState => {
  const { baseline, ...rest } = JSON.parse(text) as AgentState & { baseline: { targets: string[] } };
  return { ...rest, baseline: { ...baseline, targets: new Set(baseline.targets) } };
};
