import { isAddress } from '@countersign/policy/core/facts/normalise';
import { mainKind } from './uses.ts';
import type { ArgumentUse } from './uses.ts';
import { wordsOfName } from './words.ts';

/** What an argument is to an act. `target`: whom or where it reaches; anything that is nothing else counts as one. `object`: the handle of what it is done to. */
export type Role = 'target' | 'object' | 'amount' | 'date' | 'text' | 'label' | 'currency' | 'place' | 'plain';

const any = (words: readonly string[], of: ReadonlySet<string>): boolean => words.some((word) => of.has(word));
const set = (...words: readonly string[]): ReadonlySet<string> => new Set(words);

const money = set('amount', 'price', 'total', 'sum', 'cost', 'fee', 'value', 'payment', 'salary', 'tip');
const days = set('date', 'day', 'start', 'when', 'due', 'deadline', 'datetime', 'checkin', 'checkout', 'departure', 'arrival', 'from_date', 'to_date');
const moments = set('time', 'end', 'until', 'timestamp', 'duration', 'hour', 'hours', 'minutes', 'expires', 'expiry');
const texts = set('body', 'content', 'text', 'message', 'description', 'comment', 'comments', 'note', 'notes', 'reason', 'details', 'summary', 'caption', 'review', 'feedback', 'question', 'answer', 'prompt', 'instructions', 'bio', 'memo', 'remarks', 'purpose', 'query', 'reply');
const labels = set('subject', 'title', 'headline', 'label', 'tag', 'tags', 'topic', 'location', 'venue');
const plains = set('type', 'kind', 'category', 'priority', 'language', 'mode', 'format', 'unit', 'color', 'colour', 'size', 'rating', 'stars', 'sort', 'order', 'limit', 'page', 'status', 'state', 'recurring', 'visibility', 'method', 'class');
const places = set('url', 'uri', 'link', 'website', 'webpage', 'domain', 'host', 'site', 'endpoint', 'href');
const files = set('file', 'path', 'filename', 'filepath', 'document');
const people = set('members', 'attendees', 'guests', 'assignee', 'recipient_email', 'emails', 'users', 'email', 'mail', 'recipient', 'recipients', 'user', 'sender', 'to', 'cc', 'bcc', 'participants', 'iban', 'account');

/** The role of an argument of an act, by name and recorded values. In doubt a target: then it must stand in the instruction. */
export const roleOf = (name: string, use: ArgumentUse): Role => {
  const words = wordsOfName(name);
  const kind = mainKind(use.kinds);
  const last = words.at(-1) ?? '';
  if (kind === 'boolean') return 'plain';
  const handle = last === 'id' || last === 'ids' || last === 'no' || last === 'key';
  const account = any(words, set('account', 'iban', 'number', 'phone', 'card'));
  if (kind === 'number' || kind === 'integer') return any(words, money) ? 'amount' : account ? 'target' : handle ? 'object' : 'plain';
  if (last === 'currency') return 'currency';
  if (account || any(words, people) || any(words, places)) return handle && !account ? 'object' : 'target';
  if (handle) return 'object';
  if (any(words, days)) return 'date';
  if (any(words, moments)) return 'plain';
  if (any(words, texts)) return 'text';
  if (any(words, labels)) return 'label';
  if (plains.has(last)) return 'plain';
  if (use.samples.length > 0 && use.samples.every((value) => value.length > 120 || value.includes('\n'))) return 'text';
  return 'target';
};

/** Whether a target is a person, an account or an address: then it says whom the act reaches, and the handle beside it only what is done. */
export const reachesSomebody = (name: string): boolean => { const words = wordsOfName(name); return any(words, people) || any(words, places) || any(words, set('phone', 'number', 'channel', 'group')); };

/** The role of an argument of a mere reading: what leaves the house by it (an address), or names the document that is read. */
export const readingRoleOf = (name: string, use: ArgumentUse): Role => {
  const words = wordsOfName(name);
  if (any(words, places)) return 'target';
  if (any(words, files) && !any(words, texts)) return 'place';
  const addressed = use.samples.filter((value) => isAddress(value) && !value.includes('@')).length;
  return addressed > 0 && addressed * 2 >= use.samples.length ? 'target' : 'plain';
};
