import type { AboutAggregation, CountsAnswer } from "../api/pages/aggregation.ts";
import { Bars } from "./bars.tsx";
import { type Series, SeriesPlot } from "./series-plot.tsx";
import { formatCount, formatUtc } from "./format.ts";
import { Frame } from "./frame.tsx";
import { Answered, show } from "./page.tsx";
import { saveFile } from "./save.ts";
import { type Column, csv, Table } from "./table.tsx";
import { Empty } from "./text.tsx";
import { useAddress } from "./use-address.ts";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";

const refreshMs = 10_000;

/** Spans that can be chosen, in nights with alerts. */
const spans = [
  { name: "Newest night", nights: 1 },
  { name: "7 nights", nights: 7 },
  { name: "30 nights", nights: 30 },
  { name: "A year", nights: 365 },
  { name: "All", nights: 100_000 },
];

function AggregationPage() {
  const { feed, retry } = useFeed();
  const version = Math.floor((feed.status?.at ?? 0) / refreshMs);
  const question = useJson<readonly AboutAggregation[]>(
    "/api/v1/aggregations",
    Math.floor(version / 6),
  );
  return (
    <Frame path="/aggregation" connection={feed.connection} retry={retry}>
      <h1>Aggregation</h1>
      <Answered {...question} waiting="Asking what is counted">
        {(all) => (all.length === 0 ? <Nothing /> : <Chosen all={all} version={version} />)}
      </Answered>
    </Frame>
  );
}

function Nothing() {
  return (
    <Empty>
      Nothing is counted yet. Alerts come in with <code>./fink start archive</code>, and{" "}
      <code>./fink start aggregation</code> counts them.
    </Empty>
  );
}

function Chosen({ all, version }: { all: readonly AboutAggregation[]; version: number }) {
  const address = useAddress();
  const surveys = [...new Set(all.map(({ survey }) => survey))];
  const survey = surveys.find((one) => one === address.get("survey")) ?? surveys[0];
  const own = all.filter((one) => one.survey === survey);
  const one = own.find(({ name }) => name === address.get("of")) ?? own[0];
  return (
    <>
      <p class="controls" role="group" aria-label="Survey and aggregation">
        {surveys.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === survey}
            onClick={() => address.set({ survey: name, of: null }, "push")}
          >
            {name.toUpperCase()}
          </button>
        ))}
        <span aria-hidden="true">·</span>
        {own.map(({ name, title }) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === one.name}
            onClick={() => address.set({ survey, of: name }, "push")}
          >
            {title}
          </button>
        ))}
      </p>
      <Counts key={`${one.survey} ${one.name}`} about={one} version={version} />
    </>
  );
}

function Counts({ about, version }: { about: AboutAggregation; version: number }) {
  const address = useAddress();
  const nights = useJson<CountsAnswer>(
    `/api/v1/aggregations/${about.survey}/${about.name}`,
    version,
  ).answer.data?.nights;
  const chosen =
    spans.find(({ nights: n }) => String(n) === address.get("nights")) ??
    (about.window === "night" ? spans[2] : spans[0]);
  const from = nights?.[Math.min(chosen.nights, nights.length) - 1];
  const question = useJson<CountsAnswer>(
    nights && from !== undefined
      ? `/api/v1/aggregations/${about.survey}/${about.name}?from=${from}&to=${nights[0]}`
      : null,
    version,
  );
  return (
    <section>
      <header>
        <h2>{about.title}</h2>
        <p class="controls">
          {spans.map((span) => (
            <button
              key={span.nights}
              type="button"
              aria-pressed={span === chosen}
              onClick={() => address.set({ nights: String(span.nights) })}
            >
              {span.name}
            </button>
          ))}
        </p>
      </header>
      <p class="dim">{about.description}</p>
      {nights?.length === 0 ? (
        <Nothing />
      ) : (
        <Answered {...question} waiting="Reading the counts">
          {(counts) => <Drawn about={about} counts={counts} />}
        </Answered>
      )}
      <details>
        <summary>The query that counts it</summary>
        <pre>{about.text}</pre>
      </details>
    </section>
  );
}

function Drawn({ about, counts }: { about: AboutAggregation; counts: CountsAnswer }) {
  const rows = rowsOf(about, counts);
  if (rows.length === 0) return <Empty>None in these nights.</Empty>;
  const columns: readonly Column<CountRow>[] = [
    { name: about.window, value: (row) => row.start, show: (row) => timeText(about, row.start) },
    ...(about.keys.length > 0
      ? [{ name: about.keys.join(" · "), value: (row: CountRow) => row.group }]
      : []),
    ...about.values.map((name) => ({
      name,
      value: (row: CountRow) => row.values.get(name) ?? null,
      show: (row: CountRow) => numberText(row.values.get(name)),
      isNumber: true,
    })),
  ];
  const lines = [
    ["window", "group", ...about.values],
    ...rows.map((row) => [
      new Date(row.start).toISOString(),
      row.group,
      ...about.values.map((name) => row.values.get(name)),
    ]),
  ];
  // one point is none
  const isLine = about.plot === "lines" && new Set(rows.map((row) => row.start)).size > 1;
  const file = `${about.survey}-${about.name}`;
  // a line is of one value, and there may be more
  const hasTable = about.plot !== "lines" || about.keys.length === 0;
  return (
    <>
      {isLine && (
        <SeriesPlot
          title={about.title}
          file={file}
          series={seriesOf(about.values[0], rows)}
          unit={about.values[0]}
          window={about.window}
        />
      )}
      {about.plot !== "table" && about.keys.length > 0 && (
        <Bars counts={totalsOf(about.values[0], rows).slice(0, BARS_SHOWN)} />
      )}
      {about.plot === "lines" && (
        <p class="controls">
          <span>Times are those of the survey.</span>
          {!hasTable && (
            <button type="button" onClick={() => saveFile(csv(lines), "text/csv", `${file}.csv`)}>
              CSV
            </button>
          )}
        </p>
      )}
      {hasTable && (
        <Table
          name={file}
          columns={columns}
          rows={rows}
          keyOf={(row) => `${row.start} ${row.group}`}
        />
      )}
    </>
  );
}

interface CountRow {
  readonly start: number;
  readonly group: string;
  readonly values: ReadonlyMap<string, number>;
}

function rowsOf(
  { values }: AboutAggregation,
  { start, group, name, value }: CountsAnswer,
): CountRow[] {
  const rows = new Map<string, { start: number; group: string; values: Map<string, number> }>();
  for (let i = 0; i < start.length; i++) {
    const key = `${start[i]} ${group[i]}`;
    const row = rows.get(key) ?? {
      start: start[i],
      group: group[i],
      values: new Map<string, number>(),
    };
    row.values.set(name[i], value[i]);
    rows.set(key, row);
  }
  return values.length === 0 ? [] : [...rows.values()];
}

const shownGroups = 7;
const BARS_SHOWN = 30;

/** A series for each of the largest groups, and one for the rest. */
function seriesOf(value: string, rows: readonly CountRow[]): Series[] {
  const totals = totalsOf(value, rows);
  const kept = new Set(
    totals
      .slice(0, totals.length > shownGroups + 1 ? shownGroups : totals.length)
      .map(([group]) => group),
  );
  const series = new Map<string, Map<number, number>>([...kept].map((group) => [group, new Map()]));
  for (const row of rows) {
    const name = kept.has(row.group) ? row.group : `${totals.length - kept.size} others`;
    const points = series.get(name) ?? new Map<number, number>();
    points.set(row.start, (points.get(row.start) ?? 0) + (row.values.get(value) ?? 0));
    series.set(name, points);
  }
  return [...series].map(([name, points]) => ({ name: name === "" ? value : name, points }));
}

function totalsOf(value: string, rows: readonly CountRow[]): [group: string, total: number][] {
  const totals = new Map<string, number>();
  for (const { group, values } of rows)
    totals.set(group, (totals.get(group) ?? 0) + (values.get(value) ?? 0));
  return [...totals].sort(([, a], [, b]) => b - a);
}

function timeText({ window }: AboutAggregation, start: number): string {
  return window === "night" ? formatUtc(start).slice(0, 10) : formatUtc(start).slice(0, 16);
}

function numberText(value: number | undefined): string {
  if (value === undefined) return "–";
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(5)));
}

show(<AggregationPage />);
