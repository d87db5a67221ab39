import type { Json, JsonObject } from '@countersign/contracts';
import { isUuidV7 } from '@countersign/kernel';
import { Malformed } from './authzen.ts';
import type { Evaluation } from './authzen.ts';

/** What a caller may wish beside the specification, in `context.countersign`. */
export interface Wishes {
  /** Its own id for the action (UUIDv7): the same request under it again gets the same action's answer. */
  readonly action: string | undefined;
  readonly instruction: string; readonly reason: string | null; readonly confidence: number | null; readonly deadline: string | null;
  readonly waitMs: number;
  /** It knows that `modify` means: true for the arguments in the answer, not for those it asked about. */
  readonly modify: boolean;
  /** It will report the outcome; the run stays open until then. */
  readonly report: boolean;
}

/** An evaluation as a proposal. */
export interface Asked { readonly tool: string; readonly arguments: JsonObject; readonly subject: Evaluation['subject']; readonly wishes: Wishes }

const object = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/**
 * AuthZEN's entities as agent, tool and arguments:
 * resource.type `tool` and action `call`: the tool is resource.id, the arguments are action.properties as they are.
 * Anything else: the tool is `<resource.type>.<action.name>`, its arguments {subject, resource, action, context}, cut down to what its schema declares.
 * @param schemaOf argument schema of a tool of the catalogue; undefined where it is not known (policy denies it then)
 */
export const proposalOf = ({ subject, action, resource, context }: Evaluation, schemaOf: (tool: string) => JsonObject | undefined): Asked | Malformed => {
  const wishes = wishesOf(context['countersign']);
  if (wishes instanceof Malformed) return wishes;
  if (resource.type === 'tool' && action.name === 'call') return named({ tool: resource.id, arguments: action.properties, subject, wishes });
  const tool = `${resource.type}.${action.name}`;
  const { countersign: _own, ...rest } = context;
  const whole = { subject: { ...subject }, resource: { ...resource }, action: { ...action }, context: rest } as unknown as JsonObject;
  const schema = schemaOf(tool);
  return named({ tool, arguments: schema === undefined ? whole : declared(whole, schema) as JsonObject, subject, wishes });
};

/** Tools have no names that no proposal may carry. */
const named = (asked: Asked): Asked | Malformed => (asked.tool.length <= 128 && !hasControls(asked.tool) ? asked : new Malformed('the names of action and resource are together longer than 128 characters, or have control characters'));
const hasControls = (text: string): boolean => [...text].some((char) => char < ' ' || char === '\u007f');

/** Without the members that a closed object does not declare: a decision point ignores what its policy does not know. */
const declared = (value: Json, schema: JsonObject): Json => {
  const { properties } = schema;
  if (!object(value) || !object(properties) || schema['additionalProperties'] !== false) return value;
  const kept: Record<string, Json> = {};
  for (const [name, inner] of Object.entries(value)) if (Object.hasOwn(properties, name)) kept[name] = object(properties[name]) ? declared(inner, properties[name]) : inner;
  return kept;
};

const wishesOf = (value: Json | undefined): Wishes | Malformed => {
  if (value !== undefined && !object(value)) return new Malformed('context.countersign is an object');
  const { action, instruction, reason, confidence, deadline, wait_ms: waitMs, accepts, report } = value ?? {};
  const wrong = (member: string, what: string): Malformed => new Malformed(`context.countersign.${member} is ${what}`);
  if (action !== undefined && !(typeof action === 'string' && isUuidV7(action))) return wrong('action', 'a UUID version 7 in lower case');
  if (instruction !== undefined && !(typeof instruction === 'string' && instruction.length <= 16_384)) return wrong('instruction', 'a text of at most 16,384 characters');
  if (reason !== undefined && !(typeof reason === 'string' && reason.length <= 1_000)) return wrong('reason', 'a text of at most 1,000 characters');
  if (confidence !== undefined && !(typeof confidence === 'number' && confidence >= 0 && confidence <= 1)) return wrong('confidence', 'a number from 0 to 1');
  if (deadline !== undefined && !(typeof deadline === 'string' && rfc3339.test(deadline))) return wrong('deadline', 'a time of RFC 3339');
  if (waitMs !== undefined && !(typeof waitMs === 'number' && Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= 30_000)) return wrong('wait_ms', 'a number of milliseconds up to 30,000');
  if (accepts !== undefined && !(Array.isArray(accepts) && accepts.length <= 8 && accepts.every((one) => one === 'modify'))) return wrong('accepts', 'a list that may hold "modify"');
  if (report !== undefined && typeof report !== 'boolean') return wrong('report', 'true or false');
  return {
    action, instruction: instruction ?? '', reason: reason ?? null, confidence: confidence ?? null, deadline: deadline ?? null, waitMs: waitMs ?? 10_000,
    modify: accepts !== undefined && accepts.length > 0, report: report ?? false,
  };
};
