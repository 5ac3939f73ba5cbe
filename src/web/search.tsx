import { useEffect } from "preact/hooks";
import type { FoundRow, SearchAnswer } from "../api/pages/types.ts";
import { Band } from "./band.tsx";
import { useCutoutLook } from "./cutout-look.tsx";
import { formatMjd, formatPosition, magnitudeOf } from "./format.ts";
import { Frame } from "./frame.tsx";
import { Answered, show } from "./page.tsx";
import { pageOf, RowCard } from "./row-card.tsx";
import { ResultMap } from "./result-map.tsx";
import { type Column, Table } from "./table.tsx";
import { Copy, Empty } from "./text.tsx";
import { useAddress } from "./use-address.ts";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";

const views = ["table", "cards", "map"] as const;

function SearchPage() {
  const { feed, retry } = useFeed();
  const address = useAddress();
  const query = address.get("q") ?? "";
  const question = useJson<SearchAnswer>(query === "" ? null : `/api/pages/search?q=${encodeURIComponent(query)}`);
  const open = question.answer.data?.open ?? null;
  useEffect(() => {
    if (open !== null && address.get("stay") === null) location.replace(open);
  }, [open]);
  return (
    <Frame path="/search" connection={feed.connection} retry={retry} query={query}>
      <h1>Search</h1>
      {query === "" ? (
        <Help />
      ) : (
        <Answered {...question} waiting={`Looking for ${query}`}>
          {(found) => <Found found={found} query={query} />}
        </Answered>
      )}
    </Frame>
  );
}

function Found({ found, query }: { found: SearchAnswer; query: string }) {
  const address = useAddress();
  const { look, controls } = useCutoutLook();
  const view = views.find((v) => v === address.get("view")) ?? "table";
  if (found.rows.length === 0) {
    return (
      <>
        <Empty>
          {found.understood.startsWith("within")
            ? `No alert is ${found.understood}. Give a larger radius behind the position, such as 5m.`
            : `In this lake ${found.understood}.`}
        </Empty>
        {!found.understood.startsWith("within") && <InSimbad name={query} />}
        <Help />
      </>
    );
  }
  const name = `search-${query.replace(/[^\w.+-]+/g, "_")}`;
  return (
    <>
      <p class="controls">
        <b>
          {found.rows.length} {found.rows.length === 1 ? "object" : "objects"}: {found.understood}
        </b>
        {found.isCut && <span>Only the newest 1,000 alerts were read.</span>}
        {views.map((v) => (
          <button key={v} type="button" aria-pressed={v === view} onClick={() => address.set({ view: v === "table" ? null : v }, "push")}>
            {v[0].toUpperCase() + v.slice(1)}
          </button>
        ))}
        {view === "cards" && controls}
      </p>
      {view === "table" && (
        <Table name={name} choices="search" columns={columns} rows={found.rows} keyOf={(row) => `${row.survey} ${row.alertId}`} pageOf={pageOf} />
      )}
      {view === "map" && <ResultMap rows={found.rows} title={`Objects found: ${found.understood}`} />}
      {view === "cards" && (
        <ol class="alerts grid">
          {found.rows.slice(0, 60).map((row) => (
            <RowCard key={`${row.survey} ${row.alertId}`} row={row} look={look} note={`${row.alerts} ${row.alerts === 1 ? "alert" : "alerts"}`} />
          ))}
        </ol>
      )}
      {view === "cards" && found.rows.length > 60 && <Empty>The first 60 of {found.rows.length}; the table has all.</Empty>}
    </>
  );
}

/** Where a name is that only others know; the server asks them only here. */
function InSimbad({ name }: { name: string }) {
  const { answer } = useJson<readonly Readonly<Record<string, string>>[]>(`/api/v1/resolver?resolver=simbad&name=${encodeURIComponent(name)}`);
  if (answer.state === "loading") return <Empty>Asking SIMBAD …</Empty>;
  const [known] = answer.data ?? [];
  if (!known) return answer.state === "failed" ? <Empty>SIMBAD could not be asked.</Empty> : <Empty>SIMBAD does not know it either.</Empty>;
  const position = `${Number(known.jradeg).toFixed(5)} ${Number(known.jdedeg).toFixed(5)}`;
  return (
    <p>
      SIMBAD: {known.oname} ({known.otype}) at <a href={`/search?q=${encodeURIComponent(`${position} 1m`)}`}>{position}</a>
    </p>
  );
}

const columns: readonly Column<FoundRow>[] = [
  { name: "Object", value: (r) => r.objectId ?? r.solarSystem ?? r.alertId, show: (r) => <a href={pageOf(r)}>{r.objectId ?? r.solarSystem ?? r.alertId}</a> },
  { name: "Survey", value: (r) => r.survey.toUpperCase() },
  { name: "Class", value: (r) => r.class },
  { name: "Solar system", value: (r) => r.solarSystem, isExtra: true },
  { name: "Separation (″)", value: (r) => r.separationArcsec ?? null, show: (r) => r.separationArcsec?.toFixed(2) ?? "–", isNumber: true },
  {
    name: "Position (°)",
    value: (r) => (r.ra === null || r.dec === null ? null : `${r.ra} ${r.dec}`),
    show: (r) => r.ra !== null && r.dec !== null && <Copy text={`${r.ra} ${r.dec}`}>{formatPosition(r.ra, r.dec)}</Copy>,
  },
  { name: "Last alert", value: (r) => r.mjd, show: (r) => formatMjd(r.mjd).slice(0, 16) },
  { name: "MJD", value: (r) => r.mjd, show: (r) => r.mjd?.toFixed(5), isNumber: true, isExtra: true },
  { name: "Band", value: (r) => r.band, show: (r) => (r.band ? <Band name={r.band} /> : "–") },
  { name: "Magnitude (AB)", value: (r) => magnitudeOf(r), show: (r) => magnitudeOf(r)?.toFixed(2) ?? "–", isNumber: true },
  { name: "Flux (nJy)", value: (r) => r.fluxNJy, show: (r) => r.fluxNJy?.toFixed(0) ?? "–", isNumber: true, isExtra: true },
  { name: "Alerts", value: (r) => r.alerts, isNumber: true },
  { name: "Alert", value: (r) => r.alertId, show: (r) => <Copy text={r.alertId} />, isExtra: true },
];

function Help() {
  const examples = [
    ["an object or an alert", "ZTF26abcdefg, 3548160371815000449"],
    ["a position, with a radius in ″, m or d", "283.58 -7.39, 18:54:19 -07:23:29 30, 18h54m19s -7d23m29s 2m, gal 28 -3 0.5d"],
    ["a solar-system object", "2016 RU, sso:K11V00K"],
    ["a class", "class:SN candidate"],
    ["a filter", "filter:early_sn_candidates"],
  ];
  return (
    <dl class="ways">
      {examples.map(([what, how]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>
            {how.split(", ").map((example, i) => (
              <span key={example}>
                {i > 0 && " · "}
                <a href={`/search?q=${encodeURIComponent(example)}`}>
                  <code>{example}</code>
                </a>
              </span>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}

show(<SearchPage />);
