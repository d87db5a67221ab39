import { idOf } from './reading.ts';
import type { SourceRecord } from './entry.ts';
import type { Statement } from './statement.ts';

interface Line { readonly source: SourceRecord; readonly digest: Uint8Array }

/** The name by which a record may be said once: its CloudEvents id within its topic; undefined where it has none. */
export const identityOf = (source: SourceRecord): string | undefined => {
  const id = source.headers['ce_id'];
  return id === undefined ? undefined : `${source.topic}\0${id}`;
};

/** The incident of two records that go by one id and say different things. Both are on the record; which is true is for people. */
export const incidentOf = (source: SourceRecord): Statement =>
  ({ kind: 'incident', states: { what: 'same_id_other_content', topic: source.topic, partition: source.partition, offset: String(source.offset), id: idOf(source.headers['ce_id']) } });

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Such records within one batch; the store looks for those of earlier ones. */
export const saidTwice = (lines: readonly Line[]): readonly Statement[] => {
  const first = new Map<string, Uint8Array>();
  const incidents: Statement[] = [];
  for (const { source, digest } of lines) {
    const id = identityOf(source);
    if (id === undefined) continue;
    const known = first.get(id);
    if (known === undefined) first.set(id, digest);
    else if (!same(known, digest)) incidents.push(incidentOf(source));
  }
  return incidents;
};
