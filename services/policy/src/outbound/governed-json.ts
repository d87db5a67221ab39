import type { Fact, GovernedDecided, GovernedOutcome, GovernedRecord, Reply } from '@countersign/contracts';

/**
 * JSON of a governed record. Decisions are most of what policy writes, and serialising was a sixth of all its time: the message
 * goes in as the bytes that were received (they were checked to be one strict JSON value), facts and frame are written by hand.
 * The result parses to the same value as JSON.stringify's; governed-json.spec.ts compares them.
 * @param received text of the value a message was parsed from, where it is known
 */
export const governedJson = (record: GovernedRecord, received: (message: object) => string | undefined): string =>
  (record.kind === 'action.decided' ? decidedJson(record, received) : record.kind === 'action.outcome' ? outcomeJson(record, received) : JSON.stringify(record));

const outcomeJson = ({ message, ...frame }: GovernedOutcome, received: (message: object) => string | undefined): string => {
  const known = received(message);
  return known === undefined ? JSON.stringify({ ...frame, message }) : `${JSON.stringify(frame).slice(0, -1)},"message":${known}}`;
};

let lastReply: Reply | undefined;
let lastReplyJson = '';
/** JSON of a reply. A decision's stands in its record and goes out right after it: made once for both. */
export const replyJson = (reply: Reply): string => {
  if (reply !== lastReply) {
    lastReplyJson = JSON.stringify(reply);
    lastReply = reply;
  }
  return lastReplyJson;
};

/** What `decidedJson` writes: a member that the contract gains does not compile until it stands here, and there. */
type Written = 'position' | 'tenant' | 'run' | 'agent' | 'inbox' | 'now' | 'seq' | 'traceparent' | 'kind' | 'action' | 'tool' | 'round' | 'message' | 'resolved' | 'facts' | 'failed' | 'decision' | 'snapshots' | 'reserved' | 'budgets' | 'evidence' | 'attested' | 'reply' | 'modified' | 'review' | 'observed' | 'extension' | 'edited';
true satisfies ([Exclude<keyof GovernedDecided, Written>] extends [never] ? true : never);

const decidedJson = (r: GovernedDecided, received: (message: object) => string | undefined): string => {
  const message = received(r.message) ?? JSON.stringify(r.message);
  const inbox = r.inbox === null ? 'null' : `{"offset":"${r.inbox.offset}","at":${r.inbox.at},"hash":"${r.inbox.hash}"}`;
  return `{"position":${r.position},"tenant":${text(r.tenant)},"run":${text(r.run)},"agent":${text(r.agent)},"inbox":${inbox},"now":${r.now},"seq":${r.seq},"traceparent":${text(r.traceparent)},`
    + `"kind":"action.decided","action":${text(r.action)},"tool":${text(r.tool)},"round":${r.round},"message":${message},"resolved":${r.resolved === null ? 'null' : JSON.stringify(r.resolved)},`
    + `"facts":${factsJson(r.facts)},${r.failed === undefined ? '' : `"failed":${JSON.stringify(r.failed)},`}"decision":${JSON.stringify(r.decision)},"snapshots":${JSON.stringify(r.snapshots)},"reserved":${JSON.stringify(r.reserved)},${r.budgets === undefined ? '' : `"budgets":${JSON.stringify(r.budgets)},`}${r.evidence === undefined ? '' : `"evidence":${JSON.stringify(r.evidence)},`}"attested":${r.attested},"reply":${replyJson(r.reply)}${r.modified === undefined ? '' : `,"modified":${JSON.stringify(r.modified)}`}${r.review === undefined ? '' : `,"review":${JSON.stringify(r.review)}`}${r.observed === undefined ? '' : `,"observed":${JSON.stringify(r.observed)}`}${r.extension === undefined ? '' : `,"extension":${JSON.stringify(r.extension)}`}${r.edited === undefined ? '' : `,"edited":${JSON.stringify(r.edited)}`}}`;
};

/** Texts of ids and names: nothing to escape in nearly all of them. */
const plain = /^[A-Za-z0-9_.:@/*~ -]*$/;
const text = (value: string | null): string => (value === null ? 'null' : plain.test(value) ? `"${value}"` : JSON.stringify(value));

/** `"amount":{"value":`, made once per name: names come from the catalogue and the bundle, not from agents; bounded all the same. */
const openings = new Map<string, string>();
const openingOf = (name: string): string => {
  let opening = openings.get(name);
  if (opening === undefined) {
    opening = `${text(name)}:{"value":`;
    if (openings.size < 5_000) openings.set(name, opening);
  }
  return opening;
};
const endings: Readonly<Record<Fact['origin'], string>> = { derived: ',"origin":"derived"', attested: ',"origin":"attested"', claimed: ',"origin":"claimed"' };

const factsJson = (facts: Readonly<Record<string, Fact>>): string => {
  let out = '';
  for (const name in facts) {
    const { value, origin, from } = facts[name]!;
    const shown = typeof value === 'boolean' || typeof value === 'number' || value === null ? String(value) : typeof value === 'string' ? text(value) : JSON.stringify(value);
    const ending = from === undefined ? endings[origin] : `${endings[origin]},"from":${text(from)}`;
    out += (out === '' ? openingOf(name) : `},${openingOf(name)}`) + shown + ending;
  }
  return out === '' ? '{}' : `{${out}}}`;
};
