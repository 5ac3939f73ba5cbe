import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import type { Positions } from "../../science/catalogue/match.ts";
import { type Area, defaultLevel, readArea } from "./area.ts";
import { readWatchlist, type Watchlist } from "./watchlist.ts";

export type PlaceKind = "on_watchlist" | "in_area";

/** What is asked of alerts: 1 for each one that is there. */
export type PlaceMask = (alerts: Positions, objects: readonly (string | null)[]) => Uint8Array;

interface Loaded {
  /** Time and size of the file that was read. */
  readonly stamp: string;
  readonly mask: PlaceMask;
}

const kinds = {
  on_watchlist: {
    what: "watch list",
    endings: /\.(csv|tsv|txt|ecsv|vot|xml|parquet|fits)(\.gz)?$/i,
  },
  in_area: { what: "area", endings: /\.(fits|json|txt)(\.gz)?$/i },
};

/**
 * The files of the folders of watch lists and areas, read when a filter names them, and again when
 * they change.
 */
export class Places {
  readonly #folders: Readonly<Record<PlaceKind, string>>;
  readonly #loaded = new Map<string, Loaded>();

  /** Without folders there are none. */
  constructor(
    { watchlists, areas }: { readonly watchlists: string; readonly areas: string } = {
      watchlists: "",
      areas: "",
    },
  ) {
    this.#folders = { on_watchlist: watchlists, in_area: areas };
  }

  /** Names and files of a kind. */
  list(kind: PlaceKind): ReadonlyMap<string, string> {
    const folder = this.#folders[kind];
    const files = existsSync(folder)
      ? readdirSync(folder).filter(
          (file) => kinds[kind].endings.test(file) && !file.startsWith("."),
        )
      : [];
    return new Map(
      files.sort().map((file) => [file.replace(kinds[kind].endings, ""), join(folder, file)]),
    );
  }

  /** Throws "filter" for a name without a file. */
  file(kind: PlaceKind, given: string): string {
    const [name] = given.split("@");
    const all = this.list(kind);
    const file = all.get(name);
    if (file !== undefined) return file;
    const meant =
      didYouMean(name, all.keys()) ||
      (this.#folders[kind] === "" ? "" : `; put its file into ${this.#folders[kind]}`);
    throw new FinkError("filter", `there is no ${kinds[kind].what} ${name}${meant}`);
  }

  /** Throws "filter" for a name without a file, and for a level that is none. */
  readonly check = (kind: PlaceKind, name: string): void => {
    this.file(kind, name);
    levelOf(name);
  };

  /**
   * Reads what is wanted and not read yet, or has changed. Throws "filter" for what cannot be read.
   */
  async load(wanted: Iterable<readonly [PlaceKind, string]>): Promise<void> {
    for (const [kind, name] of wanted) {
      const file = this.file(kind, name);
      const { mtimeMs, size } = statSync(file);
      const [key, stamp] = [`${kind} ${name}`, `${mtimeMs} ${size}`];
      if (this.#loaded.get(key)?.stamp === stamp) continue;
      this.#loaded.set(key, {
        stamp,
        mask:
          kind === "in_area"
            ? maskOf(readArea(file, levelOf(name)))
            : watching(await readWatchlist(file)),
      });
    }
  }

  /** Of what was loaded. */
  mask(kind: PlaceKind, name: string): PlaceMask {
    const loaded = this.#loaded.get(`${kind} ${name}`);
    if (!loaded) throw new FinkError("internal", `${kind}('${name}') was not loaded`);
    return loaded.mask;
  }
}

function levelOf(name: string): number {
  const [, level] = name.split("@");
  if (level === undefined) return defaultLevel;
  if (Number(level) > 0 && Number(level) <= 1) return Number(level);
  throw new FinkError(
    "filter",
    `${name}: the level after @ is part of the probability, above 0 and up to 1, such as ${name.split("@")[0]}@0.5`,
  );
}

function maskOf({ contains }: Area): PlaceMask {
  return ({ ra, dec }) => Uint8Array.from(ra, (value, i) => Number(contains(value, dec[i])));
}

function watching(list: Watchlist): PlaceMask {
  return (alerts, objects) => list.mask(alerts, objects);
}
