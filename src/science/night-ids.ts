import { kept } from "../kept.ts";
import { type AlertId, type AlertIds, alertIds, hasNoId } from "../surveys/alert-id.ts";

/**
 * Ids kept in memory, of all nights together: 128 MB. The night in hand is kept however many it
 * has.
 */
const mostIds = 16_000_000;

type Night = number | null;

/**
 * The ids of the alerts that a table has, by night, and of those that batches are about to add. The
 * ids of a batch are staged until it commits. They are never evicted, because the table does not
 * have them yet. A night's other ids can be: the table is asked for them again.
 */
export class NightIds {
  readonly #limit: number;
  /** Sorted ids that the table has; the night used last is at the end. */
  readonly #known = new Map<Night, Promise<AlertIds>>();
  readonly #sizes = new Map<Night, number>();
  readonly #staged = new Map<number, Map<Night, Set<AlertId>>>();

  constructor(limit = mostIds) {
    this.#limit = limit;
  }

  /**
   * The rows whose id is neither known nor staged, each id once; they are staged now. Rows without
   * an id are left out. `read`: the ids that the table has of the night now, a part for each of its
   * files.
   */
  async stage(
    batch: number,
    night: Night,
    ids: AlertIds,
    read: () => Promise<readonly AlertIds[]>,
  ): Promise<number[]> {
    let reading = this.#reading(night, read);
    let known = await reading;
    // a commit came meanwhile
    while (this.#known.get(night) !== reading) known = await (reading = this.#reading(night, read));
    this.#sizes.set(night, known.length);
    this.#evict(night);
    const own = kept(
      kept(this.#staged, batch, () => new Map()),
      night,
      () => new Set(),
    );
    const staged = [...this.#staged.values()].flatMap((nights) => nights.get(night) ?? []);
    const rows: number[] = [];
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row];
      if (hasNoId(id) || staged.some((some) => some.has(id)) || isAmong(known, id)) continue;
      own.add(id);
      rows.push(row);
    }
    return rows;
  }

  /** The table has the ids of this batch now. */
  commit(batch: number): void {
    for (const [night, ids] of this.#staged.get(batch) ?? []) {
      const known = this.#known.get(night);
      // a night that is just being read may have been read before the commit
      if (known)
        this.#keep(
          night,
          known.then((before) => merged(before, sortedIds([alertIds(ids)]))),
        );
    }
    this.#staged.delete(batch);
  }

  /** The batch is given up: its ids are not in the table. */
  drop(batch: number): void {
    this.#staged.delete(batch);
  }

  /** Another writer added to the table: what it has is read again. */
  forget(): void {
    this.#known.clear();
    this.#sizes.clear();
  }

  #reading(night: Night, read: () => Promise<readonly AlertIds[]>): Promise<AlertIds> {
    const reading = this.#known.get(night) ?? read().then(sortedIds);
    this.#keep(night, reading);
    return reading;
  }

  #keep(night: Night, ids: Promise<AlertIds>): void {
    this.#known.delete(night);
    this.#known.set(night, ids);
    ids.catch(() => {
      if (this.#known.get(night) === ids) this.#known.delete(night); // it is read again
    });
  }

  #evict(inHand: Night): void {
    let total = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    for (const night of this.#known.keys()) {
      if (total <= this.#limit) return;
      if (night === inHand || !this.#sizes.has(night)) continue; // it is just being read
      total -= this.#sizes.get(night) ?? 0;
      this.#known.delete(night);
      this.#sizes.delete(night);
    }
  }
}

export function sortedIds(parts: readonly AlertIds[]): AlertIds {
  const longs = parts.filter((part) => part instanceof BigInt64Array);
  if (longs.length < parts.length) return parts.flatMap((part) => [...part] as string[]).sort();
  const all = new BigInt64Array(longs.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of longs) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}

/**
 * Both, which are sorted, as one. A night has millions of ids and a batch thousands, so that what
 * lies between is copied whole.
 */
function merged(known: AlertIds, added: AlertIds): AlertIds {
  if (known.length === 0 || added.length === 0) return known.length === 0 ? added : known;
  if (!(known instanceof BigInt64Array) || !(added instanceof BigInt64Array))
    return sortedIds([known, added]);
  const all = new BigInt64Array(known.length + added.length);
  let from = 0;
  for (let i = 0; i < added.length; i++) {
    const to = firstNotBelow(known, added[i]);
    all.set(known.subarray(from, to), from + i);
    all[to + i] = added[i];
    from = to;
  }
  all.set(known.subarray(from), from + added.length);
  return all;
}

function isAmong(sorted: AlertIds, id: AlertId): boolean {
  return sorted[firstNotBelow(sorted, id)] === id;
}

/** Number of the first id that is not below this one. */
function firstNotBelow(sorted: AlertIds, id: AlertId): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle] < id) from = middle + 1;
    else to = middle;
  }
  return from;
}
