import type { FilterAnswer, FilterRow } from "../api/pages/types.ts";
import { useCutoutLook } from "./cutout-look.tsx";
import { Explain } from "./filter-explain.tsx";
import { Playground } from "./filter-playground.tsx";
import { formatCount } from "./format.ts";
import { Frame } from "./frame.tsx";
import { Answered, nightText, show } from "./page.tsx";
import { RowCard } from "./row-card.tsx";
import { type Column, Table } from "./table.tsx";
import { Copy, Empty, Facts } from "./text.tsx";
import { pathParts, useAddress } from "./use-address.ts";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";

/** `/filters`: all of them and a place to try one; `/filters/<survey>/<name>`: one. */
function FiltersPage() {
  const { feed, retry } = useFeed();
  const [survey, name] = pathParts();
  const version = feed.tables
    ?.filter((t) => t.kind === "matches")
    .map((t) => t.version)
    .join();
  return (
    <Frame path="/filters" connection={feed.connection} retry={retry}>
      {survey && name ? (
        <OneFilter survey={survey} name={name} version={version} />
      ) : (
        <AllFilters version={version} />
      )}
    </Frame>
  );
}

function AllFilters({ version }: { version: unknown }) {
  const question = useJson<readonly FilterRow[]>("/api/pages/filters", version);
  return (
    <>
      <h1>Filters</h1>
      <p class="controls">
        What each astronomer asked for, as one file each. <a href="#try">Try one of your own</a>
      </p>
      <Answered {...question} waiting="Reading the filters">
        {(all) =>
          all.length === 0 ? (
            <Empty>
              There is no filter yet. Write one below, and save it as filters/SURVEY/NAME.sql.
            </Empty>
          ) : (
            <Table
              name="filters"
              columns={columns}
              rows={all}
              keyOf={(f) => `${f.survey} ${f.name}`}
              pageOf={(f) => `/filters/${f.survey}/${f.name}`}
            />
          )
        }
      </Answered>
      <section id="try">
        <h2>Try a filter of your own</h2>
        <Playground />
      </section>
    </>
  );
}

const columns: readonly Column<FilterRow>[] = [
  {
    name: "Filter",
    value: (f) => f.name,
    show: (f) => <a href={`/filters/${f.survey}/${f.name}`}>{f.name}</a>,
  },
  { name: "Survey", value: (f) => f.survey.toUpperCase() },
  {
    name: "Matches, newest night",
    value: (f) => f.nights[0]?.[1] ?? 0,
    show: (f) => formatCount(f.nights[0]?.[1] ?? 0),
    isNumber: true,
  },
  {
    name: "Last nights",
    value: (f) => f.nights.reduce((sum, [, n]) => sum + n, 0),
    show: (f) => <Yield nights={f.nights} />,
    isNumber: true,
  },
  { name: "State", value: stateOf, show: (f) => <State filter={f} /> },
  { name: "Delivers to", value: (f) => f.deliver.join(", ") },
  { name: "Written in", value: (f) => (f.kind === "sql" ? "SQL" : "TypeScript"), isExtra: true },
  { name: "Topic", value: (f) => f.topic, isExtra: true },
  { name: "Description", value: (f) => f.description },
];

/**
 * The service's word (off, refused), else what is wrong with the file. One that waits for its
 * catalogue is nothing to mend.
 */
function stateOf({ problem }: FilterRow): string {
  if (problem === "") return "on";
  if (problem.includes("it needs the catalogue ")) return "needs a catalogue";
  return `✗ ${/^(off|refused):/.exec(problem)?.[1] ?? "broken"}`;
}

function State({ filter }: { filter: FilterRow }) {
  const state = stateOf(filter);
  return (
    <span class={state.startsWith("✗") ? "bad" : undefined} title={filter.problem || undefined}>
      {state}
    </span>
  );
}

/** Matches of each night, oldest at the left. */
function Yield({ nights }: { nights: FilterRow["nights"] }) {
  const shown = nights.slice(0, 14).toReversed();
  const most = shown.reduce((max, [, n]) => Math.max(max, n), 1);
  if (shown.length === 0) return <>–</>;
  return (
    <svg
      class="yield"
      width={shown.length * 6}
      height={16}
      role="img"
      aria-label={shown.map(([night, n]) => `${nightText(night)}: ${n}`).join(", ")}
    >
      {shown.map(([night, n], i) => (
        <rect
          key={night}
          x={i * 6}
          y={16 - Math.max(1, (15 * n) / most)}
          width={5}
          height={Math.max(1, (15 * n) / most)}
        >
          <title>{`${nightText(night)}: ${n}`}</title>
        </rect>
      ))}
    </svg>
  );
}

function OneFilter({ survey, name, version }: { survey: string; name: string; version: unknown }) {
  const question = useJson<FilterAnswer>(`/api/pages/filters/${survey}/${name}`, version);
  const alert = useAddress().get("alert");
  return (
    <>
      <p class="controls">
        <a href="/filters">All filters</a>
      </p>
      <h1>
        <Copy text={name} /> <small>{survey.toUpperCase()}</small>
      </h1>
      <Answered {...question} waiting={`Reading ${name}`}>
        {(filter) => (
          <>
            {filter.problem && <p class="failed">✗ It does not run: {filter.problem}</p>}
            {filter.missed && (
              <p class="failed">
                ✗ It missed alerts ({filter.missed}).{" "}
                <code>
                  ./fink filter rerun {filter.survey}/{filter.name}
                </code>{" "}
                looks at them.
              </p>
            )}
            <p>{filter.description}</p>
            {alert && <Explain survey={survey} name={name} alert={alert} />}
            <About filter={filter} />
            <Latest filter={filter} />
          </>
        )}
      </Answered>
    </>
  );
}

function About({ filter }: { filter: FilterAnswer }) {
  const [newest] = filter.nights;
  const facts = [
    ["From", filter.origin],
    ["Owner", filter.owner],
    ["Delivers to", filter.deliver.join(", ")],
    ["Kafka topic", filter.topic],
    ["Alerts", filter.quality === "all" ? "all" : "only those that pass the quality cuts"],
    ["Matches, newest night", newest ? `${formatCount(newest[1])}, ${nightText(newest[0])}` : ""],
    ["Last nights", newest ? <Yield nights={filter.nights} /> : ""],
  ] as const;
  return (
    <>
      <Facts facts={facts.filter(([, value]) => value !== "")} />
      <pre tabIndex={0}>{filter.text}</pre>
      {filter.kind === "sql" && (
        <p class="controls">
          <a href={`/filters?survey=${filter.survey}&from=${filter.name}#try`}>
            Try a changed version
          </a>
          <a href={`/search?q=${encodeURIComponent(`filter:${filter.name}`)}`}>
            All its matches as a table
          </a>
          <a href={`/sky?survey=${filter.survey}&colour=filter`}>On the sky</a>
        </p>
      )}
    </>
  );
}

function Latest({ filter }: { filter: FilterAnswer }) {
  const { look, controls } = useCutoutLook();
  const latest = filter.latest.toSorted((a, b) => (b.mjd ?? 0) - (a.mjd ?? 0));
  return (
    <section>
      <header>
        <h2>Latest matches</h2>
        {controls}
      </header>
      {filter.latest.length === 0 ? (
        <Empty>
          None yet. <code>./fink start filter</code> runs the filters on what comes in;{" "}
          <code>./fink filter test {filter.name}</code> on nights that are past.
        </Empty>
      ) : (
        <ol class="alerts grid">
          {latest.map((row) => (
            <RowCard key={row.alertId} row={row} look={look} note="why" />
          ))}
        </ol>
      )}
    </section>
  );
}

show(<FiltersPage />);
