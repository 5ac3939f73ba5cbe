import { useMemo, useState } from "preact/hooks";
import type { AlertRow, Fields, MatchRow, ObjectAnswer } from "../api/pages/types.ts";
import { formatMjd } from "./format.ts";
import { saveFile } from "./save.ts";
import { csv } from "./table.tsx";
import { Copy, Empty } from "./text.tsx";

/** Runs of alerts of one class, oldest first. */
export function ClassesOverTime({ alerts }: { alerts: readonly AlertRow[] }) {
  const runs: { name: string; from: AlertRow; to: AlertRow; count: number }[] = [];
  for (const alert of alerts.toReversed()) {
    const name = alert.class ?? "Unclassified";
    const last = runs[runs.length - 1];
    if (last?.name === name) Object.assign(last, { to: alert, count: last.count + 1 });
    else runs.push({ name, from: alert, to: alert, count: 1 });
  }
  return (
    <ol class="runs">
      {runs.map((run) => (
        <li key={run.from.alertId}>
          <b>{run.name}</b>{" "}
          <small>
            {run.count === 1
              ? formatMjd(run.from.mjd).slice(0, 16)
              : `${formatMjd(run.from.mjd).slice(0, 16)} to ${formatMjd(run.to.mjd).slice(0, 16)}, ${run.count} alerts`}
          </small>
        </li>
      ))}
    </ol>
  );
}

/** Every field, with a box that narrows them. */
export function AllFields({ fields, title }: { fields: Fields; title: string }) {
  const [wanted, setWanted] = useState("");
  const shown = useMemo(
    () => fields.filter(([name]) => name.toLowerCase().includes(wanted.toLowerCase())),
    [fields, wanted],
  );
  return (
    <details class="fields">
      <summary>
        {title} ({fields.length})
      </summary>
      <input
        type="search"
        value={wanted}
        placeholder="Narrow by name"
        aria-label={`Narrow ${title}`}
        onInput={(event) => setWanted(event.currentTarget.value)}
      />
      <dl>
        {shown.map(([name, value]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              {value === null ? <span class="dim">null</span> : <Copy text={String(value)} />}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** Which filters took it, and why: the clauses that were true. */
export function Matches({ matches }: { matches: readonly MatchRow[] }) {
  if (matches.length === 0) {
    return (
      <Empty>
        No filter has taken an alert of this object. See what they ask for under{" "}
        <a href="/filters">Filters</a>.
      </Empty>
    );
  }
  const groups = Map.groupBy(matches, (m) => m.filter);
  return (
    <ul class="runs">
      {[...groups].map(([filter, of]) => (
        <li key={filter}>
          <a href={`/filters/${of[0].survey}/${filter}?alert=${of[0].alertId}`}>{filter}</a>{" "}
          <small>
            {of.length} {of.length === 1 ? "alert" : "alerts"}, last{" "}
            {formatMjd(of[0].mjd).slice(0, 16)}
          </small>{" "}
          <a class="why" href={`/filters/${of[0].survey}/${filter}?alert=${of[0].alertId}`}>
            why
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The data of the page as files, and how to cite them. */
export function Take({ object, isSolarSystem }: { object: ObjectAnswer; isSolarSystem: boolean }) {
  const { survey, objectId, points } = object;
  const address = `${location.origin}${location.pathname}`;
  const citation = `Fink alert broker, ${survey.toUpperCase()} ${isSolarSystem ? "solar-system object" : "object"} ${objectId}, ${object.alerts.length} alerts, ${address}, read ${new Date().toISOString().slice(0, 10)}`;
  return (
    <>
      <p class="controls">
        <button
          type="button"
          onClick={() => saveFile(csvOf(points), "text/csv", `${objectId}-light-curve.csv`)}
        >
          Light curve, CSV
        </button>
        <button
          type="button"
          onClick={() =>
            saveFile(JSON.stringify(object, null, 1), "application/json", `${objectId}.json`)
          }
        >
          All, JSON
        </button>
        {["csv", "parquet", "votable"].map((format) => (
          <a
            key={format}
            href={`${apiOf(survey, objectId, isSolarSystem)}&output-format=${format}`}
            download={`${objectId}.${format}`}
          >
            All columns, {format === "csv" ? "CSV" : format === "votable" ? "VOTable" : "Parquet"}
          </a>
        ))}
      </p>
      <p class="cite">
        Cite: <Copy text={citation} title="The citation" />{" "}
        <small>and Möller et al. 2021, MNRAS 501, 3272</small>
      </p>
    </>
  );
}

/** The API that gives the same alerts with every column. */
function apiOf(survey: string, id: string, isSolarSystem: boolean): string {
  const encoded = encodeURIComponent(id);
  if (isSolarSystem) return `/api/v1/${survey}/sso?n_or_d=${encoded}`;
  return survey === "lsst"
    ? `/api/v1/lsst/sources?diaObjectId=${encoded}`
    : `/api/v1/${survey}/objects?objectId=${encoded}`;
}

function csvOf(rows: readonly object[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return csv([
    names,
    ...rows.map((row) => names.map((name) => (row as Record<string, unknown>)[name])),
  ]);
}
