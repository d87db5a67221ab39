import type { HaltScope } from '@countersign/contracts';
import type { Stage } from './recovery.ts';

/** Who has to confirm a step before it is done: so many different people, each with one of the roles. */
export interface People { readonly roles: readonly string[]; readonly quorum: number }
interface Common { readonly id: string; readonly people: People | null }
export type Step =
  | Common & { readonly do: 'halt' }
  | Common & { readonly do: 'snapshot' }
  | Common & { readonly do: 'revoke' }
  | Common & { readonly do: 'compensations'; readonly withinMs: number }
  | Common & { readonly do: 'resume'; readonly stage: Stage; readonly agents: readonly string[] | null };

export interface Playbook { readonly name: string; readonly description: string; readonly for: readonly HaltScope['kind'][]; readonly steps: readonly Step[] }

/** Told of everything that is wrong, with its path: `steps[2].people.quorum`. */
export type Complain = (path: string, why: string) => void;

const scopes = ['everything', 'tenant', 'agent', 'tool'] as const;
const verbs = ['halt', 'snapshot', 'revoke', 'compensations', 'resume'] as const;
const stages: readonly Stage[] = ['reads', 'reversible', 'all'];
const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const most = 20, longestMs = 7 * 86_400_000;

type Fields = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isWord = (value: unknown): value is string => typeof value === 'string' && /^[a-z0-9][a-z0-9._-]{0,63}$/.test(value);
const isText = (value: unknown, length: number): value is string => typeof value === 'string' && value.trim() !== '' && value.length <= length && value.isWellFormed();
const isList = (value: unknown, max: number): value is readonly string[] => Array.isArray(value) && value.length > 0 && value.length <= max && value.every(isWord) && new Set(value).size === value.length;

const unknownFields = (value: Fields, known: readonly string[], path: string, complain: Complain): void => {
  for (const field of Object.keys(value)) if (!known.includes(field)) complain(`${path}${path === '' ? '' : '.'}${field}`, `is no known field: there are ${known.join(', ')}`);
};

const peopleOf = (value: unknown, path: string, complain: Complain): People | null => {
  if (value === undefined) return null;
  if (!isMap(value)) { complain(path, 'is a map of roles and quorum'); return null; }
  unknownFields(value, ['roles', 'quorum'], path, complain);
  const { roles, quorum = 1 } = value;
  if (!isList(roles, 16)) complain(`${path}.roles`, 'is a list of one to 16 roles');
  if (!Number.isSafeInteger(quorum) || (quorum as number) < 1 || (quorum as number) > 5) complain(`${path}.quorum`, 'is a whole number from 1 to 5');
  return { roles: (roles ?? []) as readonly string[], quorum: quorum as number };
};

const stepOf = (value: unknown, n: number, complain: Complain): Step | undefined => {
  const path = `steps[${n}]`;
  if (!isMap(value)) { complain(path, 'a step is a map of id and do'); return undefined; }
  const { id, do: verb } = value;
  if (!isWord(id)) complain(`${path}.id`, 'is a word of small letters, digits, dots and dashes');
  if (!(verbs as readonly unknown[]).includes(verb)) { complain(value['do'] === undefined ? path : `${path}.do`, `do is one of ${verbs.join(', ')}`); return undefined; }
  const own = verb === 'compensations' ? ['within'] : verb === 'resume' ? ['stage', 'agents'] : [];
  unknownFields(value, ['id', 'do', 'people', ...own], path, complain);
  const common = { id: id as string, people: peopleOf(value['people'], `${path}.people`, complain) };
  if (verb === 'compensations') {
    const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(String(value['within'] ?? '24h')) ?? [], withinMs = Number(count) * (units[unit ?? ''] ?? Number.NaN);
    if (!(withinMs > 0 && withinMs <= longestMs)) complain(`${path}.within`, 'is a time of 1m to 7d');
    return { ...common, do: verb, withinMs };
  }
  if (verb === 'resume') {
    const { stage, agents } = value;
    if (!(stages as readonly unknown[]).includes(stage)) complain(stage === undefined ? path : `${path}.stage`, `stage is one of ${stages.join(', ')}`);
    if (agents !== undefined && !isList(agents, 500)) complain(`${path}.agents`, 'is a list of agents');
    return { ...common, do: verb, stage: stage as Stage, agents: (agents ?? null) as readonly string[] | null };
  }
  return { ...common, do: verb as 'halt' | 'snapshot' | 'revoke' };
};

/** What the steps must be together: nothing is resumed that was not halted, and no stage is left out. */
const together = (steps: readonly Step[], complain: Complain): void => {
  const ids = new Set<string>();
  let halted = false, stage = -1;
  for (const [n, step] of steps.entries()) {
    if (ids.has(step.id)) complain(`steps[${n}].id`, 'is used twice');
    ids.add(step.id);
    if (step.do === 'halt') {
      if (halted) complain(`steps[${n}]`, 'the playbook has halted already');
      halted = true;
    } else if (step.do !== 'snapshot' && !halted) complain(`steps[${n}]`, `comes after a step that halts: ${step.do} of what goes on takes away something that comes back`);
    if (step.do !== 'resume') { if (stage >= 0) complain(`steps[${n}]`, 'nothing but stages of resume comes after the first of them'); continue; }
    const at = stages.indexOf(step.stage);
    // Stays with a stage only where it widens it to more agents.
    if (at !== stage + 1 && at !== stage) complain(`steps[${n}].stage`, `the stages are ${stages.join(', ')}, one after the other`);
    stage = Math.max(stage, at);
    if (step.people === null) complain(`steps[${n}]`, 'needs people: nothing goes on again without somebody who says so');
  }
};

/** Reads a playbook out of what its YAML says; complains of everything that is wrong. Undefined where it complained. */
export const readPlaybook = (value: unknown, say: Complain): Playbook | undefined => {
  let sound = true;
  const complain: Complain = (path, why) => { sound = false; say(path, why); };
  if (!isMap(value)) { complain('', 'a playbook is a map of name, for and steps'); return undefined; }
  unknownFields(value, ['name', 'description', 'for', 'steps'], '', complain);
  const { name, description = '', for: of, steps } = value;
  if (!isWord(name)) complain(name === undefined ? '' : 'name', 'name is a word of small letters, digits, dots and dashes');
  if (description !== '' && !isText(description, 500)) complain('description', 'is a text of up to 500 characters');
  if (!isList(of, 4) || !of.every((one) => (scopes as readonly string[]).includes(one))) complain(of === undefined ? '' : 'for', `for is a list of scopes: ${scopes.join(', ')}`);
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > most) { complain(steps === undefined ? '' : 'steps', `steps is a list of one to ${most}`); return undefined; }
  const read = steps.map((one, n) => stepOf(one, n, complain));
  if (sound) together(read as readonly Step[], complain);
  return sound ? { name, description, for: of, steps: read } as Playbook : undefined;
};
