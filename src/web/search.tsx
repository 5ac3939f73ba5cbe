import { useEffect } from "preact/hooks";
import type { FoundRow, NowAnswer, SearchAnswer } from "../api/pages/types.ts";
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
  const question = useJson<SearchAnswer>(
    query === "" ? null : `/api/pages/search?q=${encodeURIComponent(query)}`,
  );
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
        {!found.understood.startsWith("within") && <KnownElsewhere name={query} />}
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
          <button
            key={v}
            type="button"
            aria-pressed={v === view}
            onClick={() => address.set({ view: v === "table" ? null : v }, "push")}
          >
            {v[0].toUpperCase() + v.slice(1)}
          </button>
        ))}
        {view === "cards" && controls}
      </p>
      {view === "table" && (
        <Table
          name={name}
          choices="search"
          columns={columns}
          rows={found.rows}
          keyOf={(row) => `${row.survey} ${row.alertId}`}
          pageOf={pageOf}
        />
      )}
      {view === "map" && (
        <ResultMap rows={found.rows} title={`Objects found: ${found.understood}`} />
      )}
      {view === "cards" && (
        <ol class="alerts grid">
          {found.rows.slice(0, 60).map((row) => (
            <RowCard
              key={`${row.survey} ${row.alertId}`}
              row={row}
              look={look}
              note={`${row.alerts} ${row.alerts === 1 ? "alert" : "alerts"}`}
            />
          ))}
        </ol>
      )}
      {view === "cards" && found.rows.length > 60 && (
        <Empty>The first 60 of {found.rows.length}; the table has all.</Empty>
      )}
    </>
  );
}

type Resolved = readonly Readonly<Record<string, string>>[];

/**
 * Where a name is that no alert has: TNS's list of the lake, and SIMBAD, which the server asks only
 * here.
 */
function KnownElsewhere({ name }: { name: string }) {
  const [, prefix = "AT", rest] =
    /^(?:name:)?\s*(AT|SN|TDE|FRB)? ?(\d{4}[a-z]{1,8})$/i.exec(name) ?? [];
  const tns = useJson<Resolved>(
    rest ? `/api/v1/ztf/resolver?resolver=tns&nmax=1&name=${prefix.toUpperCase()}%20${rest}` : null,
  ).answer;
  const simbad = useJson<Resolved>(
    `/api/v1/resolver?resolver=simbad&name=${encodeURIComponent(name)}`,
  ).answer;
  const [object] = tns.data ?? [];
  const [known] = simbad.data ?? [];
  if (object)
    return (
      <At who="TNS" name={object["d:fullname"]} ra={object["d:ra"]} dec={object["d:declination"]} />
    );
  if (known)
    return (
      <At
        who="SIMBAD"
        name={`${known["oname"]} (${known["otype"]})`}
        ra={known["jradeg"]}
        dec={known["jdedeg"]}
      />
    );
  if (simbad.state === "loading") return <Empty>Asking SIMBAD …</Empty>;
  return (
    <Empty>
      {simbad.state === "failed" ? "SIMBAD could not be asked." : "SIMBAD does not know it either."}
    </Empty>
  );
}

function At({ who, name, ra, dec }: { who: string; name: string; ra: string; dec: string }) {
  const position = `${Number(ra).toFixed(5)} ${Number(dec).toFixed(5)}`;
  return (
    <p>
      {who}: {name} at <a href={`/search?q=${encodeURIComponent(`${position} 1m`)}`}>{position}</a>
    </p>
  );
}

const columns: readonly Column<FoundRow>[] = [
  {
    name: "Object",
    value: (r) => r.objectId ?? r.solarSystem ?? r.alertId,
    show: (r) => <a href={pageOf(r)}>{r.objectId ?? r.solarSystem ?? r.alertId}</a>,
  },
  { name: "Survey", value: (r) => r.survey.toUpperCase() },
  { name: "Class", value: (r) => r.class },
  { name: "Solar system", value: (r) => r.solarSystem, isExtra: true },
  {
    name: "Separation (″)",
    value: (r) => r.separationArcsec ?? null,
    show: (r) => r.separationArcsec?.toFixed(2) ?? "–",
    isNumber: true,
  },
  {
    name: "Position (°)",
    value: (r) => (r.ra === null || r.dec === null ? null : `${r.ra} ${r.dec}`),
    show: (r) =>
      r.ra !== null &&
      r.dec !== null && <Copy text={`${r.ra} ${r.dec}`}>{formatPosition(r.ra, r.dec)}</Copy>,
  },
  { name: "Last alert", value: (r) => r.mjd, show: (r) => formatMjd(r.mjd).slice(0, 16) },
  {
    name: "MJD",
    value: (r) => r.mjd,
    show: (r) => r.mjd?.toFixed(5),
    isNumber: true,
    isExtra: true,
  },
  { name: "Band", value: (r) => r.band, show: (r) => (r.band ? <Band name={r.band} /> : "–") },
  {
    name: "Magnitude (AB)",
    value: (r) => magnitudeOf(r),
    show: (r) => magnitudeOf(r)?.toFixed(2) ?? "–",
    isNumber: true,
  },
  {
    name: "Flux (nJy)",
    value: (r) => r.fluxNJy,
    show: (r) => r.fluxNJy?.toFixed(0) ?? "–",
    isNumber: true,
    isExtra: true,
  },
  { name: "Alerts", value: (r) => r.alerts, isNumber: true },
  { name: "Alert", value: (r) => r.alertId, show: (r) => <Copy text={r.alertId} />, isExtra: true },
];

/** What may be typed, of what this lake has. */
function Help() {
  const { answer } = useJson<NowAnswer>("/api/pages/now");
  if (answer.state === "loading") return null;
  const { matches = [], latest = [], classes = [] } = answer.data ?? {};
  const rows = [...matches, ...latest];
  const one = rows.find((row) => row.objectId !== null && row.ra !== null && row.dec !== null);
  const bodies = rows.flatMap((row) => row.solarSystem ?? []);
  const examples: [what: string, how: readonly string[]][] = [
    [
      "an object or an alert",
      one ? [one.objectId!, one.alertId] : ["ZTF26abcdefg", "3548160371815000449"],
    ],
    [
      "a position, with a radius in ″, m or d",
      [
        ...(one ? [`${one.ra!.toFixed(5)} ${one.dec!.toFixed(5)} 5m`] : ["283.58 -7.39"]),
        "18:54:19 -07:23:29 30",
        "18h54m19s -7d23m29s 2m",
        "gal 28 -3 0.5d",
      ],
    ],
    [
      "a solar-system object",
      bodies.length > 0 ? [...new Set(bodies)].slice(0, 3) : ["2016 RU", "K11V00K"],
    ],
    ["a name of TNS or SIMBAD", ["AT 2026abc", "M 31"]],
    [
      "a class",
      classes.length > 0
        ? classes.filter(([name]) => name !== "Unclassified").map(([name]) => `class:${name}`)
        : ["class:SN candidate"],
    ],
    [
      "a filter",
      matches.length > 0
        ? [...new Set(matches.map(({ filter }) => `filter:${filter}`))]
        : ["filter:early_sn_candidates"],
    ],
  ];
  return (
    <dl class="ways">
      {examples.map(([what, how]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>
            {how.map((example, i) => (
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
