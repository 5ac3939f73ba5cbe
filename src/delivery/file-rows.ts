import type { Data, Struct } from "apache-arrow";
import type { AlertFile } from "../science/parquet.ts";

/** A row of columns. */
export interface Place {
  readonly data: Data<Struct>;
  readonly row: number;
}

interface Stretch {
  readonly first: number;
  readonly rows: number;
  readonly parts: readonly Data<Struct>[];
}

/**
 * Rows of one data file by their keys. At first only the stretch between the rows asked for is
 * read: of a file of 220 ZTF alerts all take 64 ms, one takes 20. Where another stretch is asked
 * for later, all is read.
 */
export class FileRows {
  readonly #file: AlertFile;
  readonly #columns: readonly string[];
  readonly #rowOf = new Map<string, number>();
  readonly #count: number;
  #stretch: Stretch | null = null;
  #reading: Promise<unknown> = Promise.resolve();

  /** `keys`: of the rows in their order. */
  constructor(file: AlertFile, columns: readonly string[], keys: readonly string[]) {
    this.#file = file;
    this.#columns = columns;
    this.#count = keys.length;
    // the first of an alert that was sent twice
    for (const [row, key] of keys.entries()) if (!this.#rowOf.has(key)) this.#rowOf.set(key, row);
  }

  /** Those of the keys that the file has. */
  async find(keys: Iterable<string>): Promise<Map<string, Place>> {
    const rows = [...keys].flatMap((key) => {
      const row = this.#rowOf.get(key);
      return row === undefined ? [] : [[key, row] as const];
    });
    if (rows.length === 0) return new Map();
    const [from, to] = rows.reduce(
      ([least, most], [, row]) => [Math.min(least, row), Math.max(most, row)],
      [Infinity, -1],
    );
    // one after the other: targets share the file
    const reading = this.#reading.then(() => this.#read(from, to));
    this.#reading = reading.catch(() => null);
    const stretch = await reading;
    return new Map(rows.map(([key, row]) => [key, placeIn(stretch, row)]));
  }

  async #read(from: number, to: number): Promise<Stretch> {
    const known = this.#stretch;
    if (known && from >= known.first && to < known.first + known.rows) return known;
    const range = known
      ? { offset: 0, limit: this.#count }
      : { offset: from, limit: to - from + 1 };
    const parts = await this.#file.rows(this.#columns, range);
    return (this.#stretch = { first: range.offset, rows: range.limit, parts });
  }
}

function placeIn({ first, parts }: Stretch, row: number): Place {
  let at = row - first;
  for (const data of parts) {
    if (at < data.length) return { data, row: at };
    at -= data.length;
  }
  throw new Error("a file has fewer rows than keys");
}
