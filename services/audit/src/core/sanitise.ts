import { fieldsOf } from './reading.ts';

/** What of a tool's arguments is never stored: properties that its argument schema declares `writeOnly` (JSON Schema), and facts derived from them. */
export interface HiddenOf {
  /** Paths into the arguments; `*` stands for every item of a list or member of a map. */
  readonly paths: readonly (readonly string[])[];
  readonly facts: readonly string[];
}

export const nothingHidden: HiddenOf = { paths: [], facts: [] };
/** Where the catalogue's word on a tool is not known yet: no argument is stored. */
export const allHidden: HiddenOf = { paths: [['*']], facts: ['*'] };

export const notStored = '[not stored]';

/** Reads a tool's declaration in the catalogue. */
export const hiddenOf = (tool: { readonly schema: unknown; readonly facts: Readonly<Record<string, string>> }): HiddenOf => {
  const paths: string[][] = [];
  const visit = (schema: unknown, path: readonly string[]): void => {
    // Only what is there is looked into: following absent items and members would double the work at every depth.
    if (path.length > 16 || typeof schema !== 'object' || schema === null) return;
    const { writeOnly, properties, items, additionalProperties, prefixItems, ...rest } = fieldsOf(schema);
    if (writeOnly === true) { paths.push([...path]); return; }
    for (const [name, one] of Object.entries(fieldsOf(properties))) visit(one, [...path, name]);
    for (const one of [items, additionalProperties, ...(Array.isArray(prefixItems) ? prefixItems : [])]) visit(one, [...path, '*']);
    for (const kind of ['anyOf', 'oneOf', 'allOf'] as const) for (const one of Array.isArray(rest[kind]) ? rest[kind] as unknown[] : []) visit(one, path);
  };
  visit(tool.schema, []);
  const heads = new Set(paths.map(([head]) => head));
  const facts = Object.entries(tool.facts).filter(([, cel]) => heads.has('*') || [...cel.matchAll(/args\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*["']([^"']+)["']\s*\])?/g)].some(([, dotted, quoted]) => {
    const head = dotted ?? quoted;
    // The arguments as a whole are read, or in a way not understood here: that may show anything.
    return heads.size > 0 && (head === undefined || heads.has(head));
  })).map(([name]) => name);
  return { paths, facts };
};

const hide = (value: unknown, paths: readonly (readonly string[])[]): unknown => {
  if (paths.some((path) => path.length === 0)) return notStored;
  if (typeof value !== 'object' || value === null || paths.length === 0) return value;
  const below = (name: string) => paths.filter(([head]) => head === name || head === '*').map((path) => path.slice(1));
  return Array.isArray(value) ? value.map((one, i) => hide(one, below(String(i)))) : Object.fromEntries(Object.entries(value).map(([name, one]) => [name, hide(one, below(name))]));
};

const covers = (paths: HiddenOf['paths'], pointer: string): boolean => {
  const at = pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return paths.some((path) => path.every((name, i) => i >= at.length || name === '*' || name === at[i]));
};

/** The tools that a record speaks of, each once: most records speak of tools that hide nothing, and are left as they are at the price of this one look. */
export const toolsIn = (body: unknown): readonly string[] => {
  const tools: string[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > 32) return;
    if (Array.isArray(value)) { for (const one of value) visit(one, depth + 1); return; }
    const fields = value as Readonly<Record<string, unknown>>;
    const { tool } = fields;
    if (typeof tool === 'string' && !tools.includes(tool)) tools.push(tool);
    for (const name in fields) visit(fields[name], depth + 1);
  };
  visit(body, 0);
  return tools;
};

/**
 * A record without what its tool declares is never to be stored: wherever it carries arguments, facts derived from them, or single arguments that rules changed.
 * Gives the same object back where nothing had to go. @param hidden by the name of a tool
 */
export const sanitise = (body: unknown, hidden: (tool: string) => HiddenOf): unknown => {
  const visit = (value: unknown, inherited: HiddenOf, depth: number): unknown => {
    if (typeof value !== 'object' || value === null || depth > 32) return value;
    if (Array.isArray(value)) {
      const items = value.map((one) => visit(one, inherited, depth + 1));
      return items.some((one, i) => one !== value[i]) ? items : value;
    }
    const fields = value as Readonly<Record<string, unknown>>;
    const rules = typeof fields['tool'] === 'string' ? hidden(fields['tool']) : inherited;
    let changed = false;
    const result: Record<string, unknown> = {};
    for (const [name, one] of Object.entries(fields)) {
      result[name] = member(name, one, fields, rules, depth);
      changed ||= result[name] !== one;
    }
    return changed ? result : value;
  };
  const member = (name: string, one: unknown, fields: Readonly<Record<string, unknown>>, rules: HiddenOf, depth: number): unknown => {
    if (rules.paths.length > 0) {
      if (name === 'arguments') return hide(one, rules.paths);
      if (name === 'facts' || name === 'proposedFacts') return Object.fromEntries(Object.entries(fieldsOf(one)).map(([fact, said]) => [fact, rules.facts.includes('*') || rules.facts.includes(fact) ? { ...fieldsOf(said), value: notStored } : said]));
      if ((name === 'before' || name === 'after') && typeof fields['path'] === 'string' && covers(rules.paths, fields['path'])) return notStored;
    }
    return visit(one, rules, depth + 1);
  };
  return toolsIn(body).some((tool) => hidden(tool).paths.length > 0) ? visit(body, nothingHidden, 0) : body;
};
