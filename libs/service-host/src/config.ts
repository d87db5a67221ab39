/** One variable of the environment: reads it, or says what is wrong with it. Empty counts as not set. */
export type Field<T> = (env: NodeJS.ProcessEnv) => { readonly value: T } | { readonly problem: string };

export type ConfigOf<S extends Readonly<Record<string, Field<unknown>>>> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

const raw = (env: NodeJS.ProcessEnv, name: string): string | undefined => env[name] || undefined;
const missing = (name: string, remedy: string): { problem: string } => ({ problem: `${name} is not set. ${remedy}` });

/** A text; `oneOf` bounds it. Without a default it is required. `remedy` says what to put there. */
export const text = <T extends string = string>(name: string, options: { readonly default?: T; readonly oneOf?: readonly T[]; readonly pattern?: RegExp; readonly remedy?: string } = {}): Field<T> => (env) => {
  const value = raw(env, name) ?? options.default;
  if (value === undefined) return missing(name, options.remedy ?? 'Set it.');
  if (options.oneOf && !options.oneOf.includes(value as T)) return { problem: `${name} is "${value}". It must be one of: ${options.oneOf.join(', ')}.` };
  if (options.pattern && !options.pattern.test(value)) return { problem: `${name} has the wrong form. ${options.remedy ?? `It must match ${options.pattern.source}.`}` };
  return { value: value as T };
};

/** A text that may be absent. */
export const optional = (name: string): Field<string | undefined> => (env) => ({ value: raw(env, name) });

/** A whole number within bounds. */
export const integer = (name: string, options: { readonly default?: number; readonly min?: number; readonly max?: number }): Field<number> => (env) => {
  const given = raw(env, name);
  if (given === undefined) return options.default === undefined ? missing(name, 'Set it to a whole number.') : { value: options.default };
  const value = Number(given);
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return Number.isSafeInteger(value) && value >= min && value <= max ? { value } : { problem: `${name} is "${given}". It must be a whole number from ${min} to ${max}.` };
};

/** `true` or `false`. */
export const flag = (name: string, fallback: boolean): Field<boolean> => (env) => {
  const given = raw(env, name) ?? String(fallback);
  return given === 'true' || given === 'false' ? { value: given === 'true' } : { problem: `${name} is "${given}". It must be true or false.` };
};

/** An address with one of the protocols (`['postgres:', 'postgresql:']`). The value is never repeated in the error: it may hold a password. */
export const url = (name: string, protocols: readonly string[], options: { readonly remedy?: string } = {}): Field<string> => (env) => {
  const given = raw(env, name);
  if (given === undefined) return missing(name, options.remedy ?? `Set it to an address that begins with ${protocols[0]}//.`);
  return URL.canParse(given) && protocols.includes(new URL(given).protocol) ? { value: given } : { problem: `${name} is no address that begins with ${protocols.map((p) => `${p}//`).join(' or ')}.` };
};

/** Reads all fields; frozen; every problem is told at once. */
export const parseConfig = <S extends Readonly<Record<string, Field<unknown>>>>(env: NodeJS.ProcessEnv, spec: S): { readonly ok: true; readonly config: ConfigOf<S> } | { readonly ok: false; readonly problems: readonly string[] } => {
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(spec)) {
    const read = field(env);
    if ('problem' in read) problems.push(read.problem);
    else config[key] = typeof read.value === 'object' && read.value !== null ? Object.freeze(read.value) : read.value;
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: Object.freeze(config) as ConfigOf<S> };
};

/** For a service's config.ts: the frozen configuration, or every problem on stderr and exit code 2. */
export const readConfig = <S extends Readonly<Record<string, Field<unknown>>>>(env: NodeJS.ProcessEnv, spec: S): ConfigOf<S> => {
  const parsed = parseConfig(env, spec);
  if (parsed.ok) return parsed.config;
  process.stderr.write(`Cannot start: ${parsed.problems.length === 1 ? 'one setting is' : `${parsed.problems.length} settings are`} wrong.\n${parsed.problems.map((problem) => `  - ${problem}\n`).join('')}`);
  process.exit(2);
};
