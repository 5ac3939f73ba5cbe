import { useEffect, useState } from "preact/hooks";
import type { AlertAnswer, AlertRow, Measurement, ObjectAnswer } from "../api/pages/types.ts";
import { unpackedDesignation } from "../sky/designation.ts";
import { constellationAt } from "../sky/constellation.ts";
import { AlertTable } from "./alert-table.tsx";
import { Airmass } from "./airmass.tsx";
import { Colour } from "./colour.tsx";
import { CrossMatches, Elsewhere } from "./cross-matches.tsx";
import { alertOf, Epoch } from "./epoch.tsx";
import { FinderChart } from "./finder-chart.tsx";
import { formatCount, formatMjd, formatPosition, formatSexagesimal } from "./format.ts";
import { Frame } from "./frame.tsx";
import { LightCurve } from "./light-curve.tsx";
import { AllFields, ClassesOverTime, Matches, Take } from "./object-parts.tsx";
import { Answered, show } from "./page.tsx";
import { Period } from "./period.tsx";
import { PhaseCurve } from "./phase-curve.tsx";
import { Copy, Empty, Facts } from "./text.tsx";
import { pathParts, useAddress } from "./use-address.ts";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";

/**
 * `/object/<survey>/<id>`, and `/sso/<survey>/<designation>`: all alerts of one solar-system
 * object.
 */
function ObjectPage() {
  const { feed, retry } = useFeed();
  const [survey = "", id = ""] = pathParts();
  const isSolarSystem = location.pathname.startsWith("/sso/");
  const version = feed.tables
    ?.filter((t) => t.survey === survey && t.kind !== "rejected")
    .map((t) => t.version)
    .join();
  const question = useJson<ObjectAnswer>(
    `/api/pages/${isSolarSystem ? "sso" : "object"}/${survey}/${encodeURIComponent(id)}`,
    version,
  );
  useEffect(() => void (document.title = `${id} · Fink`), [id]);
  return (
    <Frame path="/search" connection={feed.connection} retry={retry}>
      <h1>
        {isSolarSystem ? "Solar-system object " : ""}
        <Copy text={id} title={isSolarSystem ? "Designation" : "Object"} />{" "}
        {isSolarSystem && unpackedDesignation(id) && <Copy text={unpackedDesignation(id)!} />}{" "}
        <small>{survey.toUpperCase()}</small>
      </h1>
      <Answered {...question} waiting={`Reading ${id}`}>
        {(object) => <ObjectView object={object} isSolarSystem={isSolarSystem} />}
      </Answered>
    </Frame>
  );
}

function ObjectView({ object, isSolarSystem }: { object: ObjectAnswer; isSolarSystem: boolean }) {
  const { alerts, points } = object;
  const address = useAddress();
  const shown = alerts.find((a) => a.alertId === address.get("alert")) ?? alerts[0];
  const [picked, setPicked] = useState<Measurement | null>(null);
  const showAlert = (alert: AlertRow) => {
    address.set({ alert: alert.alertId });
    setPicked(points.find((p) => p.alertId === alert.alertId) ?? null);
  };
  const pick = (point: Measurement) => {
    const alert = alertOf(point, alerts);
    if (alert) address.set({ alert: alert.alertId });
    setPicked(point);
  };
  const fields = useJson<AlertAnswer>(
    `/api/pages/alert/${shown.survey}/${encodeURIComponent(shown.alertId)}${shown.night === null ? "" : `?night=${shown.night}`}`,
  );
  return (
    <>
      <Summary object={object} isSolarSystem={isSolarSystem} />
      <div class="with-side wide">
        <div>
          <section>
            <h2>Light curve</h2>
            <LightCurve
              object={object}
              picked={picked ?? points.find((p) => p.alertId === shown.alertId) ?? null}
              onPick={pick}
            />
          </section>
          <section class="later">
            <h2>Known at this position, alert {shown.alertId}</h2>
            <Answered {...fields} waiting="Reading all fields">
              {(all) => <CrossMatches fields={[...all.science, ...all.raw]} />}
            </Answered>
            {hasPlace(shown) && <Elsewhere ra={shown.ra} dec={shown.dec} />}
          </section>
        </div>
        <div>
          <Epoch
            alerts={alerts}
            shown={shown}
            onShow={showAlert}
            side={Math.min(130, Math.floor((innerWidth - 48) / 3))}
          />
          {hasPlace(shown) && <FinderChart alert={shown} name={object.objectId} />}
        </div>
      </div>
      <Details object={object} shown={shown} isSolarSystem={isSolarSystem} />
      <section>
        <h2>All alerts</h2>
        <AlertTable object={object} onShow={showAlert} />
      </section>
      <section>
        <h2>All fields of alert {shown.alertId}</h2>
        <Answered {...fields} waiting="Reading all fields">
          {(all) => (
            <>
              <AllFields title="Science" fields={all.science} />
              <AllFields title="As the telescope sent it" fields={all.raw} />
            </>
          )}
        </Answered>
      </section>
    </>
  );
}

function hasPlace(alert: AlertRow): alert is AlertRow & { ra: number; dec: number } {
  return alert.ra !== null && alert.dec !== null;
}

function Details({
  object,
  shown,
  isSolarSystem,
}: {
  object: ObjectAnswer;
  shown: AlertRow;
  isSolarSystem: boolean;
}) {
  const { alerts, points } = object;
  return (
    <div class="halves">
      <div>
        <section>
          <h2>{isSolarSystem ? "Phase curve" : "Folded light curve"}</h2>
          {isSolarSystem ? (
            <PhaseCurve object={object} />
          ) : (
            <Period name={object.objectId} points={points} />
          )}
        </section>
        <section>
          <h2>Colour</h2>
          <Colour name={object.objectId} points={points} />
        </section>
      </div>
      <div>
        <section>
          <h2>Classes over time</h2>
          <ClassesOverTime alerts={alerts} />
          <h2>Filters that took it</h2>
          <Matches matches={object.matches} />
        </section>
        <section>
          <h2>Tonight</h2>
          {hasPlace(shown) ? (
            <Airmass ra={shown.ra} dec={shown.dec} survey={shown.survey} />
          ) : (
            <Empty>The alert has no position.</Empty>
          )}
        </section>
        <section>
          <h2>Take and cite</h2>
          <Take object={object} isSolarSystem={isSolarSystem} />
        </section>
      </div>
    </div>
  );
}

function Summary({
  object: { alerts, points },
  isSolarSystem,
}: {
  object: ObjectAnswer;
  isSolarSystem: boolean;
}) {
  const [last] = alerts;
  const first = alerts[alerts.length - 1];
  const limits = points.filter((p) => p.kind === "limit").length;
  const bad = points.filter((p) => p.isBad).length;
  const place = hasPlace(last) && (
    <>
      <Copy text={`${last.ra} ${last.dec}`}>{`${formatPosition(last.ra, last.dec)}°`}</Copy>{" "}
      <Copy text={formatSexagesimal(last.ra, last.dec)} /> {constellationAt(last.ra, last.dec)}
    </>
  );
  const designation = last.solarSystem && !isSolarSystem && (
    <a href={`/sso/${last.survey}/${encodeURIComponent(last.solarSystem)}`}>{last.solarSystem}</a>
  );
  const days = ((last.mjd ?? 0) - (first.mjd ?? 0) || 0).toFixed(1);
  const facts = [
    ["Class", last.class ?? "Unclassified"],
    ["Solar system", designation],
    [isSolarSystem ? "Last at (J2000)" : "Position (J2000)", place],
    ["Alerts", formatCount(alerts.length)],
    [
      "Measurements",
      [
        formatCount(points.length - limits),
        limits > 0 && `, ${limits} upper limits`,
        bad > 0 && `, ${bad} of bad quality`,
      ],
    ],
    ["From", formatMjd(first.mjd).slice(0, 16)],
    ["To", [`${formatMjd(last.mjd).slice(0, 16)} `, <small>({days} d)</small>]],
  ] as const;
  return <Facts facts={facts.filter(([, value]) => value)} />;
}

show(<ObjectPage />);
