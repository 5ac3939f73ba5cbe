import type { ComponentChild } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { saveFile } from "./save.ts";
import { Empty } from "./text.tsx";

export interface Column<T> {
  readonly name: string;
  /** What it is sorted, filtered and saved by. */
  readonly value: (row: T) => string | number | null;
  /** How it is shown, where that differs. */
  readonly show?: (row: T) => ComponentChild;
  readonly isNumber?: boolean;
  /** Shown only when asked for. */
  readonly isExtra?: boolean;
}

interface TableProps<T> {
  /** Of the file. */
  readonly name: string;
  /** Under which the choice of columns is remembered, where tables of many names share one. */
  readonly choices?: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Address that Enter opens. */
  readonly pageOf?: (row: T) => string;
}

const ROW_HEIGHT = 29;
const OVERSCAN = 12;

/**
 * Sorted by a click on a name, narrowed by words, walked with the arrow keys; only the rows in view
 * are in the document.
 */
export function Table<T>(props: TableProps<T>) {
  const { name, rows } = props;
  const columns = props.columns.filter(
    (column) => rows.length === 0 || rows.some((row) => column.value(row) !== null),
  );
  const [sort, setSort] = useState<Sort | null>(null);
  const [words, setWords] = useState("");
  const { shown, chooser } = useColumns(props.choices ?? name, columns);
  const ordered = useMemo(
    () => orderedRows(rows, columns, sort, words),
    [rows, columns, sort, words],
  );
  return (
    <div class="data">
      <p class="controls">
        <input
          type="search"
          placeholder="Narrow the rows"
          aria-label="Narrow the rows"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <span>
          {ordered.length === rows.length
            ? rowsText(String(rows.length), rows.length)
            : rowsText(`${ordered.length} of ${rows.length}`, rows.length)}
        </span>
        {chooser}
        <button
          type="button"
          onClick={() => saveFile(csvOf(ordered, columns), "text/csv", `${name}.csv`)}
        >
          CSV
        </button>
      </p>
      <Rows
        {...props}
        columns={shown}
        rows={ordered}
        heads={shown.map((column) => (
          <HeadCell key={column.name} column={column} sort={sort} setSort={setSort} />
        ))}
      />
    </div>
  );
}

function rowsText(count: string, rows: number): string {
  return `${count} ${rows === 1 ? "row" : "rows"}`;
}

function Rows<T>({
  name,
  columns,
  rows,
  keyOf,
  pageOf,
  heads,
}: TableProps<T> & { heads: ComponentChild }) {
  const [top, setTop] = useState(0);
  const [current, setCurrent] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN);
  const count = Math.ceil((box.current?.clientHeight ?? 700) / ROW_HEIGHT) + 2 * OVERSCAN;
  const after = Math.max(0, rows.length - first - count);
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && pageOf && event.target === box.current && rows[current])
      location.assign(pageOf(rows[current]));
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = Math.min(rows.length - 1, Math.max(0, current + steps[event.key]));
    setCurrent(next);
    scrollTo(box.current!, next);
  };
  return (
    <div
      class="rows"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={`Table ${name}; arrow keys move, Enter opens`}
      onKeyDown={onKey}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <table>
        <thead>
          <tr>{heads}</tr>
        </thead>
        <tbody>
          {first > 0 && <tr aria-hidden="true" style={{ height: `${first * ROW_HEIGHT}px` }} />}
          {rows.slice(first, first + count).map((row, i) => (
            <tr
              key={keyOf(row)}
              class={first + i === current ? "current" : ""}
              onClick={() => setCurrent(first + i)}
            >
              {columns.map((column) => (
                <td key={column.name} class={column.isNumber ? "number" : ""}>
                  {column.show ? column.show(row) : (column.value(row) ?? "–")}
                </td>
              ))}
            </tr>
          ))}
          {after > 0 && <tr aria-hidden="true" style={{ height: `${after * ROW_HEIGHT}px` }} />}
        </tbody>
      </table>
      {rows.length === 0 && <Empty>No row has these words.</Empty>}
    </div>
  );
}

const steps: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 20,
  PageUp: -20,
  Home: -Infinity,
  End: Infinity,
};

function scrollTo(box: HTMLElement, row: number): void {
  const place = row * ROW_HEIGHT;
  if (place < box.scrollTop) box.scrollTop = place;
  else if (place > box.scrollTop + box.clientHeight - 3 * ROW_HEIGHT)
    box.scrollTop = place - box.clientHeight + 3 * ROW_HEIGHT;
}

interface Sort {
  readonly column: string;
  readonly isDown: boolean;
}

function HeadCell<T>({
  column: { name, isNumber },
  sort,
  setSort,
}: {
  column: Column<T>;
  sort: Sort | null;
  setSort: (sort: Sort | null) => void;
}) {
  const isSorted = sort?.column === name;
  const next = !isSorted
    ? { column: name, isDown: false }
    : sort.isDown
      ? null
      : { column: name, isDown: true };
  return (
    <th
      class={isNumber ? "number" : ""}
      aria-sort={isSorted ? (sort.isDown ? "descending" : "ascending") : "none"}
    >
      <button type="button" onClick={() => setSort(next)}>
        {name}
        {isSorted ? (sort.isDown ? " ↓" : " ↑") : ""}
      </button>
    </th>
  );
}

function useColumns<T>(name: string, columns: readonly Column<T>[]) {
  const key = `columns ${name}`;
  const [chosen, setChosen] = useState<readonly string[]>(() => {
    const kept =
      localStorage
        .getItem(key)
        ?.split("\t")
        .filter((n) => columns.some((c) => c.name === n)) ?? [];
    return kept.length > 0 ? kept : columns.filter((c) => !c.isExtra).map((c) => c.name);
  });
  const toggle = (column: string) => {
    const next = chosen.includes(column) ? chosen.filter((n) => n !== column) : [...chosen, column];
    if (next.length === 0) return;
    localStorage.setItem(key, next.join("\t"));
    setChosen(next);
  };
  const chooser = (
    <details class="chooser">
      <summary>Columns</summary>
      <div>
        {columns.map((column) => (
          <label key={column.name}>
            <input
              type="checkbox"
              checked={chosen.includes(column.name)}
              onChange={() => toggle(column.name)}
            />{" "}
            {column.name}
          </label>
        ))}
      </div>
    </details>
  );
  return { shown: columns.filter((c) => chosen.includes(c.name)), chooser };
}

function orderedRows<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  sort: Sort | null,
  words: string,
): readonly T[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== "");
  const holds = (row: T) => {
    const text = columns
      .map((c) => String(c.value(row) ?? ""))
      .join(" ")
      .toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  const kept = wanted.length > 0 ? rows.filter(holds) : rows;
  const column = columns.find((c) => c.name === sort?.column);
  if (!sort || !column) return kept;
  return kept.toSorted(
    (a, b) => (sort.isDown ? -1 : 1) * compare(column.value(a), column.value(b)),
  );
}

/** Nothing comes last. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a).localeCompare(String(b), "en", { numeric: true });
}

function csvOf<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  return csv([columns.map((c) => c.name), ...rows.map((row) => columns.map((c) => c.value(row)))]);
}

/** Lines of RFC 4180. */
export function csv(lines: readonly (readonly unknown[])[]): string {
  const cell = (value: unknown) =>
    value == null
      ? ""
      : /[",\n]/.test(String(value))
        ? `"${String(value).replaceAll('"', '""')}"`
        : String(value);
  return lines.map((line) => line.map(cell).join(",")).join("\n");
}
