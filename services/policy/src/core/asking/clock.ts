import type { ApprovalAsked } from '@countersign/contracts';
import type { Asking } from './asked.ts';
import type { ClockSpec, Source } from './people-spec.ts';

const strictness = ['halt_run', 'deny', 'escalate'] as const;
type Times = Pick<ApprovalAsked, 'expiresAt' | 'reminders' | 'escalations' | 'freezes' | 'onExpiry'> & { /** A calendar counted. */ readonly calendar: boolean };

/**
 * Deadline, reminders and escalations as moments: the earliest deadline of all clocks, what falls before it, the strictest thing to do then.
 * Where no clock matches, the one that holds for everything.
 */
export const timesOf = (asking: Asking, matched: readonly ClockSpec[], now: number, withinMs: number, people: (sources: readonly Source[]) => { readonly roles: string[]; readonly people: string[] }): Times => {
  const { policy } = asking;
  const clocks = matched.length > 0 ? matched : policy.clock === null ? [] : [policy.clock];
  if (clocks.length === 0) return { expiresAt: now + withinMs, calendar: false };
  const after = (clock: ClockSpec, ms: number): number => (clock.calendar === null ? now + ms : asking.add(policy.calendars[clock.calendar]!, now, ms));
  const expiresAt = Math.min(...clocks.map((clock) => after(clock, withinMs)));
  const moment = (clock: ClockSpec, fraction: number): number => after(clock, Math.ceil(withinMs * fraction));
  const reminders = [...new Set(clocks.flatMap((clock) => clock.remind.map((fraction) => moment(clock, fraction))))].filter((at) => at < expiresAt).sort((a, b) => a - b).slice(0, 16);
  const escalations = clocks.flatMap((clock) => clock.escalate.map(({ after: fraction, to }) => ({ at: moment(clock, fraction), ...people(to) }))).filter(({ at }) => at < expiresAt).sort((a, b) => a.at - b.at).slice(0, 8);
  const freezes = [...new Set(clocks.flatMap(({ calendar }) => calendar ?? []))].flatMap((name) => policy.calendars[name]!.freezes).filter(({ from, to }) => from < expiresAt && to > now).map((one) => ({ ...one })).slice(0, 16);
  const wished = clocks.flatMap(({ onExpiry }) => onExpiry ?? []);
  const onExpiry = strictness.find((one) => wished.includes(one));
  return {
    expiresAt, calendar: clocks.some(({ calendar }) => calendar !== null), ...(reminders.length > 0 && { reminders }), ...(escalations.length > 0 && { escalations }),
    ...(freezes.length > 0 && { freezes }), ...(onExpiry !== undefined && { onExpiry }),
  };
};
