export interface Example { readonly name: string; readonly value: unknown }
export interface SchemaEntry {
  readonly id: string; readonly context: string; readonly name: string; readonly file: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly examples: { readonly valid: readonly Example[]; readonly invalid: readonly (Example & { readonly path: string })[] } | undefined;
}
export const contractsDir: string;
export const schemasDir: string;
/** Every schema below a folder, in the order of its path. */
export const loadSchemas: (dir?: string) => SchemaEntry[];
export const isNamed: (entry: SchemaEntry) => boolean;
