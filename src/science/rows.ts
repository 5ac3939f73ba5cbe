import { kept } from "../kept.ts";
import { type Data, DataType, makeData, type Struct, TimestampMicrosecond } from "apache-arrow";
import { type AlertColumns, alertsOf } from "./alerts.ts";
import { type Key, keyColumn } from "./keys.ts";
import { bits, nested, toArrow } from "./results.ts";
import type { ModuleOutcome, Results } from "./runner.ts";

/** Column of `raw` that rows of `science` have as well, for the latency from there on. */
export const publishedAt = "_published_at";

/**
 * Rows as they are stored: keys under their own names, what the modules added, and what made them.
 * `_modules`: names and versions, with a `!` behind those that failed. `_catalogues`: name and
 * edition of what they looked into. `_pending`: modules whose answer has not come. `_revision`: how
 * often the row was made again.
 */
export function storedRows(
  keys: readonly Key[],
  alerts: AlertColumns,
  { columns, outcomes }: Results,
  revisions: Int32Array,
): Data<Struct> {
  const { count } = alerts;
  const text = (name: string, values: readonly string[]) =>
    [name, toArrow({ type: "string" }, { values }, count)] as const;
  const same = (name: string, value: string) =>
    text(
      name,
      Array.from({ length: count }, () => value),
    );
  return nested(
    [
      ...keys.map((key) => keyColumn(key, alerts)),
      ...columns.type.children.map(({ name }, i) => [name, columns.children[i]] as const),
      same("_modules", outcomes.map(madeBy).join(" ")),
      same(
        "_catalogues",
        [
          ...new Set(
            outcomes.flatMap(({ module, failure }) =>
              failure === null ? (module.catalogues ?? []) : [],
            ),
          ),
        ].join(" "),
      ),
      text("_pending", pendingOf(outcomes, count)),
      ["_revision", toArrow({ type: "int" }, { values: revisions }, count)],
      [publishedAt, timesOf(alerts)],
    ],
    count,
  );
}

/** Names of the modules for which each alert waits, with spaces between. */
function pendingOf(outcomes: readonly ModuleOutcome[], count: number): string[] {
  const waiting = outcomes.filter(({ pending }) => pending !== null);
  if (waiting.length === 0) return Array.from({ length: count }, () => "");
  return Array.from({ length: count }, (_, i) =>
    waiting.flatMap(({ module, pending }) => (pending?.[i] === 1 ? [module.name] : [])).join(" "),
  );
}

/**
 * Rows as they become when some modules ran again: their columns, what is said of them, and the
 * next revision.
 */
export function revisedRows(base: Data<Struct>, { columns, outcomes }: Results): Data<Struct> {
  const before = alertsOf([base]);
  // of a batch nearly all rows say the same
  const text = (
    name: string,
    revised: (text: string, about: string) => string,
    about?: readonly string[],
  ) => {
    const known = new Map<string, string>();
    const values = before.texts(name).map((value, row) => {
      const [said, own] = [value ?? "", about?.[row] ?? ""];
      return kept(known, `${said}\n${own}`, () => revised(said, own));
    });
    return [name, toArrow({ type: "string" }, { values }, base.length)] as const;
  };
  const names = outcomes.map(({ module }) => module.name);
  const waiting = pendingOf(outcomes, base.length);
  const made = outcomes.map(madeBy);
  const editions = outcomes.flatMap(({ module: { catalogues = [] } }) => catalogues);
  const said = nested(
    [
      text("_modules", (value) => withWords(value, made)),
      text("_catalogues", (value) => withWords(value, editions)),
      text(
        "_pending",
        (value, own) =>
          [...words(value).filter((name) => !names.includes(name)), ...words(own)].join(" "),
        waiting,
      ),
      [
        "_revision",
        toArrow(
          { type: "int" },
          { values: Int32Array.from(before.numbers("_revision"), (revision) => revision + 1) },
          base.length,
        ),
      ],
    ],
    base.length,
  );
  return overlaid(overlaid(base, columns), said);
}

function madeBy({ module: { name, version }, failure }: ModuleOutcome): string {
  return `${name}@${version}${failure === null ? "" : "!"}`;
}

/** Words `name@…` in place of those of the same name, new ones at the end. */
function withWords(text: string, fresh: readonly string[]): string {
  const byName = new Map([...words(text), ...fresh].map((word) => [word.split("@", 1)[0], word]));
  return [...byName.values()].join(" ");
}

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** The columns of both; of those that both have, and within structures, the second's. */
function overlaid(base: Data<Struct>, over: Data<Struct>): Data<Struct> {
  const children = new Map(base.type.children.map(({ name }, i) => [name, base.children[i]]));
  for (const [i, { name }] of over.type.children.entries()) {
    const own = children.get(name);
    const isBoth =
      own !== undefined && DataType.isStruct(own.type) && DataType.isStruct(over.children[i].type);
    children.set(
      name,
      isBoth ? overlaid(own as Data<Struct>, over.children[i] as Data<Struct>) : over.children[i],
    );
  }
  return nested([...children], base.length);
}

function timesOf(alerts: AlertColumns): Data {
  const { count } = alerts;
  const data = alerts.paths.has(publishedAt) ? alerts.longs(publishedAt) : new BigInt64Array(count);
  // a null is read as 0
  const nullCount = data.reduce((sum, micros) => sum + (micros === 0n ? 1 : 0), 0);
  return makeData({
    type: new TimestampMicrosecond("UTC"),
    length: count,
    nullCount,
    nullBitmap: bits(count, (i) => data[i] !== 0n),
    data,
  });
}
