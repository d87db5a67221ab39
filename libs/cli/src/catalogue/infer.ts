import type { Json, ToolSnapshot } from '@countersign/contracts';
import { resultFieldsOf } from './results.ts';
import { reachesSomebody, readingRoleOf, roleOf } from './roles.ts';
import type { Role } from './roles.ts';
import { mainKind } from './uses.ts';
import type { ArgumentUse, ToolUse } from './uses.ts';
import { askingFor, nounsOf, pluralsOf, verbOf, wordsOfName } from './words.ts';

/** A catalogue entry as it is registered. */
export type ToolSpec = Omit<ToolSnapshot, 'tenant' | 'version' | 'definition'>;

const reads: ReadonlySet<string> = new Set([
  'get', 'search', 'read', 'list', 'check', 'find', 'fetch', 'view', 'show', 'look', 'lookup', 'query', 'count', 'describe', 'browse', 'retrieve', 'visit', 'download',
  'calculate', 'compute', 'convert', 'compare', 'estimate', 'preview', 'validate', 'summarize', 'summarise', 'translate', 'inspect', 'display',
]);
const acting: ReadonlySet<string> = new Set(['delete', 'remove', 'send', 'create', 'update', 'replace', 'set', 'add', 'in', 'out', 'pay', 'cancel', 'purge', 'clear']);

/** Only a name that begins like a reading, and goes on like one, is taken for a reading. */
export const changesSomething = (tool: string): boolean => {
  const [verb, ...rest] = wordsOfName(tool);
  return verb === undefined || !reads.has(verb) || (verb === 'check' ? ['in', 'out'].includes(rest[0] ?? '') : false) || (rest.includes('and') && rest.some((word) => word !== 'in' && acting.has(word)));
};

const undone: Readonly<Record<string, readonly string[]>> = {
  create: ['delete', 'remove', 'cancel'], add: ['remove', 'delete'], schedule: ['cancel', 'unschedule'], invite: ['remove', 'uninvite'], share: ['unshare'], grant: ['revoke'], enable: ['disable'], disable: ['enable'],
  follow: ['unfollow'], like: ['unlike'], star: ['unstar'], block: ['unblock'], mute: ['unmute'], lock: ['unlock'], pin: ['unpin'], archive: ['unarchive', 'restore'], subscribe: ['unsubscribe'], assign: ['unassign'],
};

const corrections: ReadonlySet<string> = new Set(['update', 'change', 'edit', 'rename', 'adjust', 'reschedule', 'move', 'modify', 'correct']);
const ownRecord: ReadonlySet<string> = new Set(['info', 'information', 'profile', 'setting', 'preference', 'detail']);

/**
 * A tool of the same workplace whose name says that it undoes this one, on the same things; a correction undoes itself where the
 * workplace can read the earlier value. None is thought up.
 */
const compensatorOf = (tool: string, siblings: readonly string[]): string | null => {
  const things = nounsOf(tool).join(' ');
  const verbs = undone[verbOf(tool)] ?? [];
  if (corrections.has(verbOf(tool)) && siblings.some((other) => !changesSomething(other) && nounsOf(other).some((noun) => nounsOf(tool).includes(noun)))) return tool;
  return siblings.find((other) => verbs.includes(verbOf(other)) && nounsOf(other).join(' ') === things && things !== '') ?? null;
};

const types: Readonly<Record<string, Json>> = {
  string: { type: 'string', maxLength: 20_000 }, integer: { type: 'number', minimum: -1e12, maximum: 1e12 }, number: { type: 'number', minimum: -1e12, maximum: 1e12 }, boolean: { type: 'boolean' }, object: { type: 'object', maxProperties: 100 },
};
const anyOf = (kinds: readonly string[]): Json => {
  const all = [...new Set(kinds)].map((kind) => types[kind]!);
  return all.length === 1 ? all[0]! : { anyOf: all };
};

const schemaOf = (use: ArgumentUse): Json => {
  const kind = mainKind(use.kinds);
  const items = Object.keys(use.items).filter((item) => item in types);
  const own: Json = kind === 'array' ? { type: 'array', maxItems: 200, items: anyOf(items.length > 0 ? items : ['string']) } : anyOf([kind === 'integer' && use.kinds['number'] !== undefined ? 'number' : kind]);
  return { anyOf: [own, { type: 'null' }] };
};

const identifier = /^[A-Za-z_]\w{0,63}$/;
const guarded = (name: string, use: ArgumentUse): string => `(has(args.${name}) && args.${name} != null ? ${mainKind(use.kinds) === 'array' ? `args.${name}` : `[args.${name}]`} : [])`;
const quoted = (words: readonly string[]): string => `[${words.map((word) => `'${word}'`).join(',')}]`;

/**
 * A cautious entry for a tool nobody has catalogued, from its name and from how recorded calls used it: it changes something unless its
 * name is a reading's; it cannot be undone unless the workplace has the tool that undoes it; every argument that is no amount, day, text
 * or setting is a target (a handle only where nobody else is reached); what it returns is strangers' text, but for fields that systems stamp. For people to read before they rely on it.
 */
export const inferTool = (use: ToolUse, siblings: readonly string[]): ToolSpec => {
  const consequential = changesSomething(use.tool);
  const args = [...use.args].filter(([name]) => identifier.test(name));
  const own = nounsOf(use.tool).some((noun) => ownRecord.has(noun));
  const roles = new Map<string, Role>(args.map(([name, arg]) => [name, consequential ? roleOf(name, arg) : readingRoleOf(name, arg)]));
  if (own) for (const [name, role] of roles) if (role === 'target' && !/mail|account|iban|phone/i.test(name)) roles.set(name, 'label');
  const reaches = [...roles].some(([name, role]) => role === 'target' && reachesSomebody(name));
  const inRole = (role: string): string[] => args.filter(([name]) => roles.get(name) === role).map(([name, arg]) => guarded(name, arg));
  const facts: Record<string, string> = {};
  const put = (fact: string, ...of: readonly Role[]): void => { const found = of.flatMap(inRole); if (found.length > 0) facts[fact] = found.join(' + '); };
  put('target', 'target', 'place', ...(reaches ? [] : ['object' as const]));
  if (consequential) {
    const amount = args.find(([name]) => roles.get(name) === 'amount');
    const currency = args.find(([name]) => roles.get(name) === 'currency');
    put('text', 'text', 'label');
    put('dates', 'date');
    if (facts['target'] === undefined) put('content', 'label');
    if (amount !== undefined) {
      facts['amountMajor'] = `has(args.${amount[0]}) ? args.${amount[0]} : null`;
      // An amount that names no currency is one all the same: XXX is ISO 4217's "no currency".
      facts['currency'] = currency === undefined ? '"XXX"' : `has(args.${currency[0]}) ? args.${currency[0]} : "XXX"`;
    }
    for (const [fact, words] of Object.entries(askingFor(use.tool))) if (words.length > 0) facts[fact] = quoted(words);
  } else if (facts['target'] !== undefined) facts['plurals'] = quoted(pluralsOf(use.tool));
  const compensator = consequential ? compensatorOf(use.tool, siblings) : null;
  const properties: Record<string, Json> = {};
  for (const [name, arg] of use.args) if (name !== '__proto__') properties[name] = schemaOf(arg);
  return {
    tool: use.tool, system: use.suite, title: `${wordsOfName(use.tool).join(' ')} (inferred)`.slice(0, 200),
    schema: { type: 'object', additionalProperties: false, required: [], properties },
    consequential, reversible: !consequential || compensator !== null, compensator, dataClasses: [], enforcement: 'brokered', audience: use.suite,
    facts, resultTrust: 'third_party', resultFields: resultFieldsOf(use.results),
  };
};

const toolName = /^[a-zA-Z0-9_.:-]{1,128}$/;

/** Entries for all uses, what undoes others first, as a registry wants them; `known` names the catalogue's tools, which may undo them. */
export const inferTools = (uses: readonly ToolUse[], known: readonly string[]): ToolSpec[] => {
  const all = [...known, ...uses.map((use) => use.tool)];
  // A name that no catalogue takes stays unknown and is denied.
  const tools = uses.filter((use) => toolName.test(use.tool)).map((use) => inferTool(use, all.filter((other) => other.startsWith(`${use.suite}.`) && toolName.test(other))));
  return tools.sort((a, b) => Number(a.compensator !== null) - Number(b.compensator !== null));
};

/** What a person needs to know about inferred entries, one line each. */
export const inferredLines = (tools: readonly ToolSpec[]): string => [
  `${tools.length} tools are not in the catalogue; cautious entries are inferred from their names and recorded arguments:`,
  ...tools.map(({ tool, consequential, compensator, facts }) => `  ${tool}  ${consequential ? `changes something, ${compensator === null ? 'cannot be undone' : `undone by ${compensator}`}` : 'reads'}; targets ${targetNames(facts['target'])}`),
].join('\n');

const targetNames = (extractor: string | undefined): string => [...new Set([...(extractor ?? '').matchAll(/has\(args\.(\w+)\)/g)].map(([, name]) => name))].join(', ') || 'none';
