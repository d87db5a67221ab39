import type { Entity, KindValidator } from '@backstage/catalog-model';
import { isMap } from './documents.ts';
import type { SourceDocument } from './documents.ts';

/** What a document is: an entity with its canonical reference, something that is no node (with its kind), or wrong at a line. */
export type Read =
  | { readonly status: 'entity'; readonly entity: Entity; readonly ref: string }
  | { readonly status: 'ignored'; readonly kind: string }
  | { readonly status: 'wrong'; readonly line: number; readonly message: string };

const referenceShape = /^[a-z][a-z0-9]{0,62}:[a-z0-9._-]{1,63}\/[a-z0-9._-]{1,63}$/;
const nodeKinds: ReadonlySet<string> = new Set(['Component', 'System', 'Resource', 'API', 'Group']);

/** Backstage's own schemas and rules for names; loaded when a catalogue is read, not with the command line. */
export const loadBackstage = async () => {
  const model = await import('@backstage/catalog-model');
  const validators: Readonly<Record<string, KindValidator>> = {
    Component: model.componentEntityV1alpha1Validator, System: model.systemEntityV1alpha1Validator, Resource: model.resourceEntityV1alpha1Validator, API: model.apiEntityV1alpha1Validator, Group: model.groupEntityV1alpha1Validator,
    Domain: model.domainEntityV1alpha1Validator, User: model.userEntityV1alpha1Validator, Location: model.locationEntityV1alpha1Validator,
  };
  const policy = model.EntityPolicies.allOf([new model.SchemaValidEntityPolicy(), new model.DefaultNamespaceEntityPolicy(), new model.FieldFormatEntityPolicy()]);
  return {
    read: async (document: SourceDocument): Promise<Read> => {
      const { value, lineOf } = document;
      const wrong = (message: string): Read => ({ status: 'wrong', line: lineOf(pathOf(message)), message: message.replace(/ To learn more .*$/, '') });
      try {
        const entity = await policy.enforce(value as unknown as Entity);
        if (entity === undefined) return wrong('no Backstage entity');
        const validator = validators[entity.kind];
        if (validator === undefined) return { status: 'ignored', kind: entity.kind };
        if (!await validator.check(entity)) return wrong(`/apiVersion ${entity.apiVersion} is not one that ${entity.kind} has`);
        return nodeKinds.has(entity.kind) ? { status: 'entity', entity, ref: model.stringifyEntityRef(entity) } : { status: 'ignored', kind: entity.kind };
      } catch (error) {
        return wrong(isMap(value) ? (error as Error).message : 'no Backstage entity');
      }
    },
    /** `kind:namespace/name` in lower case; throws where it is no reference. */
    reference: (text: string, defaultKind: string, defaultNamespace: string): string => {
      const found = model.stringifyEntityRef(model.parseEntityRef(text, { defaultKind, defaultNamespace }));
      // Backstage's parser takes names that no entity can have.
      if (!referenceShape.test(found)) throw new Error('it is no reference to an entity ([kind:][namespace/]name)');
      return found;
    },
  };
};
export type Backstage = Awaited<ReturnType<typeof loadBackstage>>;

/** Messages begin with where: `/spec/owner must …` or `"metadata.name" is not valid`. */
const pathOf = (message: string): (string | number)[] => {
  const [, pointer, dotted] = /^(?:\/(\S*)|"([\w.]+)")/.exec(message) ?? [];
  return (pointer?.split('/') ?? dotted?.split('.') ?? []).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
};
