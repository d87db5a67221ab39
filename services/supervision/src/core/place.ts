/**
 * Where a reader of events stands: the last position seen in each partition. Positions are dense and written in order per partition, so that a place
 * misses nothing and repeats nothing, whatever order the partitions are in. As text `0:12.1:40`; partition -1 has supervision's own events.
 */
export type Place = ReadonlyMap<number, number>;

const form = /^-?\d{1,4}:\d{1,16}(?:\.-?\d{1,4}:\d{1,16}){0,255}$/;

export const formatPlace = (place: Place): string => [...place].sort(([a], [b]) => a - b).map(([partition, position]) => `${partition}:${position}`).join('.');

/** undefined where the text is no place. */
export const parsePlace = (text: string): Place | undefined => {
  if (text.length > 4_096 || !form.test(text)) return undefined;
  const place = new Map<number, number>();
  for (const part of text.split('.')) {
    const [partition, position] = part.split(':').map(Number) as [number, number];
    if (place.has(partition) || !Number.isSafeInteger(position)) return undefined;
    place.set(partition, position);
  }
  return place;
};

export const after = (place: Place, partition: number, position: number): Place => new Map([...place, [partition, position]]);
