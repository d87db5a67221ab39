import type { ApprovalEvidence, Json, JsonObject } from '@countersign/contracts';

/** What stands there before the change, beside what would stand there. */
export type Current = NonNullable<ApprovalEvidence['current']>;

const mostChanges = 64;
const mostCharacters = 32_768;
const longestWhy = 300;

/** Arguments that differ from what the reader says stands there now. @param digest of canonical JSON: equal values have equal ones */
export const differing = (args: JsonObject, state: JsonObject, at: number, digest: (value: Json) => string): Current => {
  const changes = Object.entries(args).flatMap(([name, after]) => {
    const before = Object.hasOwn(state, name) ? state[name] : undefined;
    return before !== undefined && digest(before) === digest(after) ? [] : [{ name: name.slice(0, 200), ...(before !== undefined && { before }), after }];
  }).slice(0, mostChanges);
  // With everything else that people are shown it has to fit the record.
  return JSON.stringify(changes).length > mostCharacters ? unread('what would change is too much to be shown', at) : { at, changes, why: null };
};

/** Nobody knows what would change, and the people who decide are told so. */
export const unread = (why: string, at: number): Current => ({ at, changes: [], why: why.slice(0, longestWhy).toWellFormed() });

/** A reader that failed so often in a row is left alone for a while: those who are asked have something else to wait for. */
export interface Trouble { readonly failures: number; readonly until: number }
const mostFailures = 3;
const leftAloneMs = 30_000;
export const afterFailure = (trouble: Trouble | undefined, now: number): Trouble => {
  const failures = (trouble?.failures ?? 0) + 1;
  return { failures, until: failures >= mostFailures ? now + leftAloneMs : 0 };
};
