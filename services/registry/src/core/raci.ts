/** The stages of a decision somebody answers for, in the order they happen. */
export const stages = ['trigger', 'context', 'generation', 'validation', 'execution', 'logging', 'escalation', 'incident'] as const;
export type Stage = (typeof stages)[number];

/** One accountable person per stage; who does the work, is asked, is told. Person ids. */
export interface StageDuties { readonly accountable: string; readonly responsible?: readonly string[]; readonly consulted?: readonly string[]; readonly informed?: readonly string[] }
export type RaciMatrix = { readonly [S in Stage]?: StageDuties | undefined };

export type RaciGap = { readonly stage: Stage; readonly why: 'nobody' } | { readonly stage: Stage; readonly why: 'not_active'; readonly person: string };

/** Who answers for an agent: whom it names itself, and for every other stage whom its process names. */
export const answering = ({ raci = {}, process }: { readonly raci?: RaciMatrix | undefined; readonly process?: { readonly raci: RaciMatrix } | undefined }): RaciMatrix => ({ ...process?.raci, ...raci });

/** Everything that `from` was accountable for is `to`'s; what others do stays. */
export const takenOver = (raci: RaciMatrix, from: string, to: string): RaciMatrix =>
  Object.fromEntries(Object.entries(raci).map(([stage, duties]) => [stage, duties?.accountable === from ? { ...duties, accountable: to } : duties]));

/** Stages for which nobody answers, or somebody who is not active any more. */
export const raciGaps = (raci: RaciMatrix | undefined, isActive: (person: string) => boolean): readonly RaciGap[] => stages.flatMap((stage): RaciGap[] => {
  const person = raci?.[stage]?.accountable;
  if (person === undefined) return [{ stage, why: 'nobody' }];
  return isActive(person) ? [] : [{ stage, why: 'not_active', person }];
});

export const gapsText = (gaps: readonly RaciGap[]): string => gaps.map((gap) => (gap.why === 'nobody' ? `nobody for ${gap.stage}` : `${gap.person}, for ${gap.stage}, is not active`)).join('; ');

export const sameDuties = (a: RaciMatrix, b: RaciMatrix): boolean => stages.every((stage) => listed(a[stage]) === listed(b[stage]));
const listed = (duties: StageDuties | undefined): string => (duties === undefined ? '' : JSON.stringify([duties.accountable, duties.responsible ?? [], duties.consulted ?? [], duties.informed ?? []]));
