import type { Redaction } from '../redact.ts';
import { dimensions } from './dimensions.ts';
import { duration, durationHint } from './duration.ts';
import type { Complain } from './problem.ts';
import { approvalShape, object, only, text, texts } from './shape.ts';

const id = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/;
const tool = /^(?:\*|[A-Za-z0-9][A-Za-z0-9._-]{0,199}\*?)$/;
const argument = /^args(?:\.[A-Za-z_][A-Za-z0-9_-]{0,63}){1,8}$/;
const fields = ['id', 'owner', 'rationale', 'regulation', 'dimension', 'tools', 'when', 'tier', 'decision', 'obligations'];

/** Reports whatever is wrong with one rule, apart from its CEL. */
export const ruleShape = (rule: unknown, path: string, seen: Set<unknown>, complainTo: Complain): void => {
  if (!object(rule)) return complainTo(path, 'a rule is a map');
  const name = typeof rule['id'] === 'string' ? rule['id'] : undefined;
  const complain: Complain = (at, why) => complainTo(at, why, { rule: name });
  const wrong = (field: string, why: string): void => complain(`${path}.${field}`, why);
  only(rule, fields, path, (at, why) => complain(at, at.endsWith('.approval') ? 'belongs into obligations' : why));
  if (name === undefined || !id.test(name)) wrong('id', 'a name of letters, digits and . _ - is needed, 120 characters at most');
  if (seen.has(name)) wrong('id', 'is used twice');
  seen.add(name);
  for (const [field, max] of [['owner', 128], ['rationale', 1_000], ['when', 4_000]] as const) if (!text(rule[field], max)) wrong(field, `a text of at most ${max} characters is needed`);
  if (rule['regulation'] !== undefined && !texts(rule['regulation'], { max: 20, each: 100 })) wrong('regulation', 'is a list of at most 20 short texts');
  if (rule['dimension'] !== undefined && !dimensions.includes(rule['dimension'] as never)) wrong('dimension', `is one of ${dimensions.join(', ')}`);
  if (!patterns(rule['tools']) || rule['tools'].length === 0) wrong('tools', 'a list of tools is needed: names, or beginnings that end in *');
  if (rule['tier'] !== undefined && ![1, 2, 3, 4].includes(rule['tier'] as number)) wrong('tier', 'is 1, 2, 3 or 4');
  if (rule['decision'] !== undefined && !['deny', 'defer', 'step_up'].includes(rule['decision'] as string)) wrong('decision', 'is deny, defer or step_up');
  if (rule['tier'] === undefined && rule['decision'] === undefined && rule['obligations'] === undefined) complain(path, 'needs a tier, a decision or obligations');
  if (rule['obligations'] !== undefined) obligations(rule['obligations'], `${path}.obligations`, complain);
};

/** Names of tools, or beginnings that end in `*`. */
export const patterns = (value: unknown): value is string[] => texts(value, { max: 1_000, each: 201 }) && value.every((one) => tool.test(one));

const obligations = (value: unknown, path: string, complain: Complain): void => {
  if (!object(value) || Object.keys(value).length === 0) return complain(path, 'is a map with approval, reversalWindow, rewrite or redact');
  only(value, ['approval', 'reversalWindow', 'rewrite', 'redact'], path, complain);
  if (value['approval'] !== undefined) approvalShape(value['approval'], `${path}.approval`, complain);
  if (value['reversalWindow'] !== undefined && duration(value['reversalWindow']) === undefined) complain(`${path}.reversalWindow`, durationHint);
  const { redact, rewrite } = value;
  if (redact !== undefined && (!Array.isArray(redact) || redact.length === 0 || redact.length > 16 || !redact.every(isRedaction))) complain(`${path}.redact`, `is a list of arguments: args.memo, or {path: args.payment.note, what: ${redactions.join(', ')}}`);
  if (rewrite === undefined) return;
  if (!Array.isArray(rewrite) || rewrite.length === 0 || rewrite.length > 16) return complain(`${path}.rewrite`, 'is a list of {path, value}, 16 at most');
  rewrite.forEach((one: unknown, i) => {
    const at = `${path}.rewrite[${i}]`;
    if (!object(one)) return complain(at, 'is a map of path and value');
    only(one, ['path', 'value'], at, complain);
    if (!isArgument(one['path'])) complain(`${at}.path`, 'names an argument: args.memo, args.payment.note');
    if (!text(one['value'], 4_000)) complain(`${at}.value`, 'is CEL: facts and parameters to the new value');
  });
};

const redactions = ['emails', 'links', 'accounts', 'digits'] as const satisfies readonly Redaction[];
const isRedaction = (one: unknown): boolean => isArgument(one) || (object(one) && Object.keys(one).length === 2 && isArgument(one['path']) && redactions.includes(one['what'] as Redaction));
const isArgument = (path: unknown): boolean => typeof path === 'string' && argument.test(path) && !path.split('.').includes('__proto__');
