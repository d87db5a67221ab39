import type { PutToolRequest, ToolSnapshot } from '@countersign/contracts';
import { closeSchema } from './close-schema.ts';
import type { Offer, Source } from './offer.ts';

export type Declaration = { readonly tool: string } & PutToolRequest;
export type Step =
  | { readonly what: 'new' | 'redrafted' | 'changed' | 'gone'; readonly tool: string; readonly put: Declaration; readonly closed: readonly string[] }
  | { readonly what: 'unchanged' | 'kept' | 'refused'; readonly tool: string; readonly why?: string };

/** A tool of which nobody has said anything yet: it changes something, cannot be undone, and what it returns was written by strangers. Its source's hints are not asked. */
const draft = (tool: string, system: string, offer: Offer, schema: PutToolRequest['schema']): Declaration => ({
  tool, system, title: offer.title, schema, consequential: true, reversible: false, compensator: null, dataClasses: [], enforcement: 'brokered', audience: system, facts: {}, resultTrust: 'third_party', resultFields: {},
  source: { server: system, name: offer.name, status: 'draft', digest: offer.digest, definition: offer.definition },
});

/** A declaration as it was, without what the registry adds. */
export const declarationOf = ({ tenant: _tenant, version: _version, definition: _definition, ...rest }: ToolSnapshot): Declaration => rest;
const changed = (known: ToolSnapshot, source: Source, offered: Source['offered']): Declaration => ({ ...declarationOf(known), source: { ...source, status: 'changed', offered: offered ?? null } });

/** What follows from what a server offers now, tool by tool. Nothing that a person declared or reviewed is overwritten: it goes out of scope at most. */
export const importPlan = (offers: readonly Offer[], system: string, catalogue: ReadonlyMap<string, ToolSnapshot>, adds = true): readonly Step[] => {
  const names = new Set(offers.map(({ name }) => `${system}.${name}`));
  const steps = offers.flatMap((offer): Step[] => {
    const tool = `${system}.${offer.name}`;
    const known = catalogue.get(tool), source = known?.source;
    if (known !== undefined && source === undefined) return [{ what: 'kept', tool, why: 'a person declared it' }];
    if (source !== undefined && (source.server !== system || source.name !== offer.name)) return [{ what: 'kept', tool, why: `it comes from ${source.server}` }];
    if (source !== undefined && source.status !== 'draft') {
      const same = source.status === 'reviewed' ? source.digest === offer.digest : source.offered?.digest === offer.digest;
      return same ? [{ what: 'unchanged', tool }] : [{ what: 'changed', tool, put: changed(known!, source, { digest: offer.digest, definition: offer.definition }), closed: [] }];
    }
    if (source?.digest === offer.digest) return [{ what: 'unchanged', tool }];
    if (source === undefined && !adds) return [];
    const schema = closeSchema(offer.definition.inputSchema);
    if (!schema.ok) return [{ what: 'refused', tool, why: `its argument schema stays open: ${schema.why}. Declare it by hand` }];
    return [{ what: source === undefined ? 'new' : 'redrafted', tool, put: draft(tool, system, offer, schema.schema), closed: schema.closed }];
  });
  const gone = [...catalogue.values()].flatMap((known): Step[] => {
    const { source, tool } = known;
    if (source?.server !== system || names.has(tool) || source.status === 'draft' || (source.status === 'changed' && source.offered == null)) return [];
    return [{ what: 'gone', tool, put: changed(known, source, null), closed: [] }];
  });
  return [...steps, ...gone];
};
