import type { Data, Struct } from "apache-arrow";

/** One leaf of nested columns, with the nulls of what holds it. Row i is row i of the alerts. */
export interface Column {
  /** Dotted path, e.g. `candidate.jd`. */
  readonly path: string;
  readonly data: Data;
  /** Whether the value and everything around it is there. */
  present(row: number): boolean;
}

/** The first of the paths that the columns have; struct fields only, no lists. */
export function columnAt(
  columns: Data<Struct>,
  paths: readonly string[] | undefined,
): Column | null {
  for (const path of paths ?? []) {
    const found = descend(columns, path.split("."));
    if (found) return { path, data: found[found.length - 1], present: presence(found) };
  }
  return null;
}

function descend(columns: Data<Struct>, names: readonly string[]): Data[] | null {
  const chain: Data[] = [];
  let at: Data = columns;
  for (const name of names) {
    const i = (at.type as Struct).children?.findIndex((f) => f.name === name) ?? -1;
    if (i < 0) return null;
    at = at.children[i];
    chain.push(at);
  }
  return chain;
}

function presence(chain: readonly Data[]): (row: number) => boolean {
  const bitmaps = chain.flatMap((d) => (d.nullCount > 0 ? [d.nullBitmap] : []));
  if (bitmaps.length === 0) return () => true;
  return (row) => bitmaps.every((bits) => (bits[row >> 3] >> (row & 7)) & 1);
}
