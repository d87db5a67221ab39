/**
 * Counts by 32-bit key in open addressing with a bounded probe, in typed arrays: 12 bytes a slot, constant time, the same slots for the same
 * history. Full neighbourhoods give up their smallest count (space-saving: Metwally, Agrawal, El Abbadi 2005), so a tool with a million
 * targets pushes out what was rare, never what is habit. Changed in place.
 */
export interface Table {
  keys: Uint32Array;
  counts: Float32Array;
  /** Per slot how widely the key was seen, for its probation: principals (8 bits, one per hash), days (4 bits), the last day (12 bits), runs (8 bits). */
  marks: Uint32Array;
  used: number;
  /** The day (epoch days) of what follows, and how much young mass was learned on it. */
  day: number;
  moved: number;
  /** Runs learned, faded like the counts. */
  runs: number;
  readonly most: number;
}

/** Slots looked at for a key. */
const probe = 8;

export const newTable = (slots: number, most: number): Table =>
  ({ keys: new Uint32Array(slots), counts: new Float32Array(slots), marks: new Uint32Array(slots), used: 0, day: 0, moved: 0, runs: 0, most });

const find = (table: Table, key: number): number => {
  const { keys } = table;
  const last = keys.length - 1;
  for (let i = 0; i < probe; i++) {
    const at = (key + i) & last;
    if (keys[at] === key) return at;
    if (keys[at] === 0) return -1;
  }
  return -1;
};

/** How wide a key must have been seen before it counts in full. */
export interface Probation { readonly runs: number; readonly days: number; readonly principals: number }

const principalsOf = (mark: number): number => { let bits = mark >>> 24, n = 0; for (; bits !== 0; bits &= bits - 1) n++; return n; };
const isEstablished = (mark: number, { runs, days, principals }: Probation): boolean =>
  (mark & 0xff) >= runs && ((mark >>> 20) & 0xf) >= days && principalsOf(mark) >= principals;

/** What a key counts: in full once it is established, on probation one at most, so that one day or one principal teaches little. */
export const countOf = (table: Table, key: number, probation: Probation): number => {
  const at = find(table, key);
  if (at < 0) return 0;
  const count = table.counts[at]!;
  return count <= 1 || isEstablished(table.marks[at]!, probation) ? count : 1;
};

/** The count as it was learned, established or not. */
export const rawCount = (table: Table, key: number): number => {
  const at = find(table, key);
  return at < 0 ? 0 : table.counts[at]!;
};

/** What is known of a key: 0 nothing, 1 it is on probation, 2 it is established. */
export const standing = (table: Table, key: number, probation: Probation): 0 | 1 | 2 => {
  const at = find(table, key);
  return at < 0 || table.counts[at] === 0 ? 0 : isEstablished(table.marks[at]!, probation) ? 2 : 1;
};

export const has = (table: Table, key: number): boolean => find(table, key) >= 0;

/**
 * Adds to a key. Young keys (fewer than `probation` asks for) share a daily allowance; what is beyond it is not learned.
 * @param principal hash of who stands behind the run
 */
export const add = (table: Table, key: number, amount: number, principal: number, probation: Probation, allowance: number): void => {
  let at = find(table, key);
  if (at < 0 || !isEstablished(table.marks[at]!, probation)) {
    if (table.moved + amount > allowance) return;
    table.moved += amount;
  }
  if (at < 0) at = claim(table, key);
  table.counts[at]! += amount;
  table.marks[at] = widen(table.marks[at]!, table.day, principal);
};

/** Adds to a key and ends its probation: an analyst said that this is how it is from now on. */
export const establish = (table: Table, key: number, amount: number, principal: number, { runs, days }: Probation): void => {
  const found = find(table, key), at = found < 0 ? claim(table, key) : found;
  table.counts[at]! += amount;
  const mark = widen(table.marks[at]!, table.day, principal);
  table.marks[at] = ((mark & 0xff0fff00) | (Math.max(days, (mark >>> 20) & 0xf) << 20) | Math.max(runs, mark & 0xff)) >>> 0;
};

/** A run, a day and a principal more. */
const widen = (mark: number, day: number, principal: number): number => {
  const runs = Math.min(255, (mark & 0xff) + 1);
  const last = (mark >>> 8) & 0xfff;
  const today = day & 0xfff;
  const days = Math.min(15, ((mark >>> 20) & 0xf) + (runs === 1 || last !== today ? 1 : 0));
  return ((mark & 0xff000000) | (1 << (24 + (principal & 7))) | (days << 20) | (today << 8) | runs) >>> 0;
};

const claim = (table: Table, key: number): number => {
  if (table.keys.length < table.most && table.used >= table.keys.length * 0.6) grow(table);
  const last = table.keys.length - 1;
  let least = key & last;
  for (let i = 0; i < probe; i++) {
    const at = (key + i) & last;
    if (table.keys[at] === 0) {
      table.keys[at] = key;
      table.used++;
      return at;
    }
    if (table.counts[at]! < table.counts[least]!) least = at;
  }
  table.keys[least] = key;
  table.counts[least] = 0;
  table.marks[least] = 0;
  return least;
};

const grow = (table: Table): void => {
  const { keys, counts, marks } = table;
  const bigger = newTable(keys.length * 2, table.most);
  for (let i = 0; i < keys.length; i++) if (keys[i] !== 0) {
    const at = claim(bigger, keys[i]!);
    bigger.counts[at] = counts[i]!;
    bigger.marks[at] = marks[i]!;
  }
  table.keys = bigger.keys;
  table.counts = bigger.counts;
  table.marks = bigger.marks;
  table.used = bigger.used;
};

/** Habits fade: everything counts half. Called after so many runs, so that the cost of a run stays constant on average. */
export const fade = (table: Table): void => {
  for (let i = 0; i < table.counts.length; i++) table.counts[i]! *= 0.5;
  table.runs *= 0.5;
};
