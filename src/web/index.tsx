import { useState } from "preact/hooks";
import type { Counts, NightAnswer, NowAnswer, SkyAnswer } from "../api/pages/types.ts";
import { Alerts } from "./alerts.tsx";
import { Bars } from "./bars.tsx";
import { type CutoutLook, useCutoutLook } from "./cutout-look.tsx";
import type { FeedState } from "./feed.ts";
import { MainFigures } from "./figures.tsx";
import { Frame } from "./frame.tsx";
import { Answered, nightText, show } from "./page.tsx";
import { RowCard } from "./row-card.tsx";
import { wholeSky } from "./sky-geometry.ts";
import { SkyMap } from "./sky-map.tsx";
import { Empty } from "./text.tsx";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";
import { Verdict } from "./verdict.tsx";

const CLASSES_SHOWN = 12;
const FILTERS_SHOWN = 6;

function Now() {
  const { feed, retry } = useFeed();
  const { look, controls } = useCutoutLook();
  const question = useJson<NowAnswer>("/api/pages/now", useVersion(feed));
  const hasMatches = (question.answer.data?.matches.length ?? 0) > 0;
  return (
    <Frame path="/" connection={feed.connection} retry={retry}>
      <h1>
        Fink keeps every alert that telescopes send of a changing sky, and shows it as it comes
      </h1>
      <Verdict feed={feed} />
      <MainFigures feed={feed} nights={question.answer.data?.nights} />
      <section>
        <header>
          <h2>
            {hasMatches
              ? "Latest matches"
              : question.answer.state === "ready"
                ? "Latest alerts; no filter has taken one yet"
                : "Latest alerts"}
          </h2>
          {controls}
        </header>
        {hasMatches ? (
          <Matches now={question.answer.data!} look={look} />
        ) : (
          <Alerts alerts={feed.alerts} now={feed.status?.at ?? 0} look={look} layout="strip" />
        )}
      </section>
      <Answered {...question} waiting="Reading the newest night">
        {(now) => (
          <div class="halves">
            <section>
              <SmallSky
                nights={now.nights.toSorted((a, b) => b.night - a.night || b.alerts - a.alerts)}
              />
            </section>
            <section>
              <h2>Classes{now.nights.length > 0 && `, ${nightsText(now)}`}</h2>
              <Classes classes={now.classes} />
              {now.nights.map((night) => (
                <NightFilters key={night.survey} night={night} />
              ))}
            </section>
          </div>
        )}
      </Answered>
      <WhereToGo />
    </Frame>
  );
}

/** Changes when a table does, every few seconds at most: each change reads the lake. */
function useVersion(feed: FeedState): string {
  const [kept, setKept] = useState({ at: 0, version: "" });
  const version = feed.tables?.map((t) => `${t.survey} ${t.kind} ${t.version}`).join() ?? "";
  if (version !== kept.version && Date.now() - kept.at > 3000) setKept({ at: Date.now(), version });
  return kept.version;
}

function Matches({ now, look }: { now: NowAnswer; look: CutoutLook }) {
  return (
    <ol class="alerts strip">
      {[
        ...Map.groupBy(
          now.matches,
          (m) => `${m.survey} ${m.objectId ?? m.solarSystem ?? m.alertId}`,
        ),
      ].map(([key, [row, ...more]]) => {
        const filters = new Set([row, ...more].map((m) => m.filter));
        return (
          <RowCard
            key={key}
            row={row}
            look={look}
            note={filters.size > 1 ? `${row.filter} + ${filters.size - 1}` : row.filter}
          />
        );
      })}
    </ol>
  );
}

function SmallSky({ nights }: { nights: NowAnswer["nights"] }) {
  const [chosen, setChosen] = useState(0);
  const night = nights[chosen] ?? nights[0];
  const { answer } = useJson<SkyAnswer>(
    night ? `/api/pages/sky/${night.survey}/${night.night}?order=4` : null,
    night?.alerts,
  );
  if (!night) return <Empty>The sky map shows the newest night once there is an alert.</Empty>;
  return (
    <>
      <header>
        <h2>
          <a href={`/sky?survey=${night.survey}&night=${night.night}`}>Sky</a>,{" "}
          {night.survey.toUpperCase()} {nightText(night.night)}
        </h2>
        <span class="controls">
          {nights.length > 1 &&
            nights.map((n, i) => (
              <button
                key={n.survey}
                type="button"
                aria-pressed={i === chosen}
                onClick={() => setChosen(i)}
              >
                {n.survey.toUpperCase()}
              </button>
            ))}
        </span>
      </header>
      <SkyMap
        title={`Sky of ${night.survey.toUpperCase()}, ${nightText(night.night)}`}
        frame="equatorial"
        sky={answer.data ?? null}
        view={wholeSky}
        onView={() => {}}
        onOpen={([, , , object, alert]) =>
          location.assign(
            object && object !== "0"
              ? `/object/${night.survey}/${object}?alert=${alert}`
              : `/search?q=${alert}`,
          )
        }
        onPlace={() => location.assign(`/sky?survey=${night.survey}&night=${night.night}`)}
        isSmall
      />
    </>
  );
}

function Classes({ classes }: { classes: Counts }) {
  if (classes.length === 0) {
    return (
      <Empty>
        Science has not run on this night: <code>./fink start science</code> says what the alerts
        are.
      </Empty>
    );
  }
  return (
    <>
      <Bars
        counts={classes.slice(0, CLASSES_SHOWN)}
        hrefOf={(name) =>
          name === "Unclassified" ? null : `/search?q=${encodeURIComponent(`class:${name}`)}`
        }
      />
      {classes.length > CLASSES_SHOWN && (
        <small>and {classes.length - CLASSES_SHOWN} more classes</small>
      )}
    </>
  );
}

/** What filters took most of a night. */
function NightFilters({
  night: { survey, night, alerts },
}: {
  night: NowAnswer["nights"][number];
}) {
  const { answer } = useJson<NightAnswer>(`/api/pages/night/${survey}/${night}`, alerts);
  const filters = answer.data?.filters ?? [];
  if (filters.length === 0) return null;
  return (
    <>
      <h2 class="second">
        Filters, {survey.toUpperCase()} {nightText(night)}
      </h2>
      <Bars
        counts={filters.slice(0, FILTERS_SHOWN)}
        hrefOf={(name) => `/filters/${survey}/${name}`}
      />
    </>
  );
}

function nightsText({ nights }: NowAnswer): string {
  return nights.map((n) => `${n.survey.toUpperCase()} ${nightText(n.night)}`).join(" and ");
}

function WhereToGo() {
  return (
    <p class="links">
      <a href="/live">Live rates</a> <a href="/status">Services and versions</a>{" "}
      <a href="/docs">Documentation</a> <a href="/api/docs">API</a>
    </p>
  );
}

show(<Now />);
