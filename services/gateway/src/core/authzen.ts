import type { Json, JsonObject } from '@countersign/contracts';

/** AuthZEN Authorization API 1.0, section 5: who, what, on what. */
export interface Subject { readonly type: string; readonly id: string; readonly properties: JsonObject }
export interface Action { readonly name: string; readonly properties: JsonObject }
export interface Evaluation { readonly subject: Subject; readonly action: Action; readonly resource: Subject; readonly context: JsonObject }

/** What was asked of an Evaluations request. `single`: it had no evaluations and is answered like one Evaluation. */
export interface Evaluations { readonly items: readonly (Evaluation | Malformed)[]; readonly semantic: Semantic; readonly single: boolean }
export const semantics = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const;
export type Semantic = (typeof semantics)[number];

/** A request, or one evaluation of a batch, that is not of the specification's form; `why` names the place. */
export class Malformed {
  readonly why: string;
  constructor(why: string) { this.why = why; }
}

/** Most evaluations in one request. */
export const maxEvaluations = 100;
const maxText = 1_000;

const object = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (of: JsonObject, member: string, at: string): string => {
  const value = of[member];
  if (typeof value !== 'string' || value === '') throw new Malformed(`${at}.${member} is needed, a text`);
  if (value.length > maxText) throw new Malformed(`${at}.${member} is longer than ${maxText} characters`);
  return value;
};
const map = (value: Json | undefined, at: string): JsonObject => {
  if (value !== undefined && !object(value)) throw new Malformed(`${at} is an object`);
  return value ?? {};
};
const entity = (value: Json | undefined, at: string): Subject => {
  if (!object(value)) throw new Malformed(`${at} is needed, an object`);
  return { type: text(value, 'type', at), id: text(value, 'id', at), properties: map(value['properties'], `${at}.properties`) };
};

const evaluationOf = (body: JsonObject): Evaluation => {
  const subject = entity(body['subject'], 'subject');
  const { action } = body;
  if (!object(action)) throw new Malformed('action is needed, an object');
  return {
    subject, action: { name: text(action, 'name', 'action'), properties: map(action['properties'], 'action.properties') },
    resource: entity(body['resource'], 'resource'), context: map(body['context'], 'context'),
  };
};

const caught = <T>(read: () => T): T | Malformed => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
};

/** One Access Evaluation; members the specification does not know are ignored. */
export const readEvaluation = (body: unknown): Evaluation | Malformed => caught(() => {
  if (!object(body)) throw new Malformed('the body is an object');
  return evaluationOf(body);
});

/** Of the entity in an evaluation nothing but its missing required members comes from the default. */
const filled = (own: Json | undefined, fallback: Json | undefined, required: readonly string[]): Json | undefined => {
  if (own === undefined || !object(own) || !object(fallback)) return own ?? fallback;
  const merged: Record<string, Json> = { ...own };
  for (const member of required) if (own[member] === undefined && fallback[member] !== undefined) merged[member] = fallback[member];
  return merged;
};

/** Access Evaluations: defaults at the top, whole entities replaced by an evaluation's own. What is wrong with one evaluation is its own error. */
export const readEvaluations = (body: unknown): Evaluations | Malformed => caught(() => {
  if (!object(body)) throw new Malformed('the body is an object');
  const { subject, action, resource, context, evaluations } = body;
  const semantic = map(body['options'], 'options')['evaluations_semantic'] ?? 'execute_all';
  if (!semantics.includes(semantic as Semantic)) throw new Malformed(`options.evaluations_semantic is one of ${semantics.join(', ')}`);
  if (evaluations !== undefined && !Array.isArray(evaluations)) throw new Malformed('evaluations is a list');
  const list = (evaluations ?? []) as readonly Json[];
  if (list.length === 0) return { items: [evaluationOf(body)], semantic: semantic as Semantic, single: true };
  if (list.length > maxEvaluations) throw new Malformed(`at most ${maxEvaluations} evaluations in one request`);
  for (const [name, value] of Object.entries({ subject, action, resource, context })) if (value !== undefined && !object(value)) throw new Malformed(`${name} is an object`);
  const items = list.map((one, n) => caught(() => {
    if (!object(one)) throw new Malformed(`evaluations[${n}] is an object`);
    return evaluationOf({
      ...one,
      ...defined({ subject: filled(one['subject'], subject, ['type', 'id']), action: filled(one['action'], action, ['name']), resource: filled(one['resource'], resource, ['type', 'id']), context: one['context'] ?? context }),
    });
  }));
  return { items, semantic: semantic as Semantic, single: false };
});

const defined = (of: Readonly<Record<string, Json | undefined>>): JsonObject => Object.fromEntries(Object.entries(of).filter((entry): entry is [string, Json] => entry[1] !== undefined));
