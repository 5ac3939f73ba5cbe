import { useEffect, useState } from "preact/hooks";
import type { NightCount, SkyAnswer } from "../api/pages/types.ts";
import { formatCount } from "./format.ts";
import { Frame } from "./frame.tsx";
import { Choice } from "./light-curve.tsx";
import { Answered, nightText, show } from "./page.tsx";
import { CLASS_COLOURS } from "./sky-draw.ts";
import {
  coneInView,
  orderFor,
  skyFrames,
  skyProjection,
  type SkyFrameName,
  type SkyView,
  wholeSky,
} from "./sky-geometry.ts";
import { SkyMap } from "./sky-map.tsx";
import { Empty } from "./text.tsx";
import { useAddress } from "./use-address.ts";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";

function SkyPage() {
  const { feed, retry } = useFeed();
  const version = feed.tables?.map((t) => t.version).join();
  const nights = useJson<readonly NightCount[]>("/api/pages/nights", version);
  return (
    <Frame path="/sky" connection={feed.connection} retry={retry}>
      <h1>Sky</h1>
      <Answered {...nights} waiting="Asking which nights there are">
        {(all) =>
          all.length > 0 ? (
            <Night nights={all} version={version} />
          ) : (
            <Empty>
              No alert is in the lake yet. Start the archive with <code>./fink start all</code>, or
              make a synthetic night with <code>./fink demo</code>.
            </Empty>
          )
        }
      </Answered>
    </Frame>
  );
}

function Night({ nights, version }: { nights: readonly NightCount[]; version: unknown }) {
  const address = useAddress();
  const surveys = [...new Set(nights.map((n) => n.survey))];
  const survey = surveys.find((s) => s === address.get("survey")) ?? surveys[0];
  const own = nights.filter((n) => n.survey === survey);
  const night = own.find((n) => String(n.night) === address.get("night")) ?? own[0];
  const frame = skyFrames.find((f) => f === address.get("frame")) ?? "equatorial";
  const colour = address.get("colour") === "filter" ? "filter" : "class";
  const view = viewOf(address.get("view"));
  const asked = useSettled(questionOf(frame, view), 250);
  const question = useJson<SkyAnswer>(
    `/api/pages/sky/${survey}/${night.night}?colour=${colour}&${asked}`,
    version,
  );
  const sky = question.answer.data ?? null;
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  useEffect(() => setHidden(new Set()), [survey, night.night, colour]);
  const toggle = (index: number) =>
    setHidden(
      new Set(hidden.has(index) ? [...hidden].filter((i) => i !== index) : [...hidden, index]),
    );
  const setView = (next: SkyView) =>
    address.set({
      view:
        next.zoom === 1
          ? null
          : [next.x, next.y, next.zoom].map((n) => Number(n.toFixed(5))).join("_"),
    });
  return (
    <>
      <Controls
        nights={nights}
        night={night}
        colour={colour}
        frame={frame}
        view={view}
        sky={sky}
        setView={setView}
      />
      <Answered {...question} waiting="Reading the night">
        {() => null}
      </Answered>
      <div class="sky-and-legend">
        <SkyMap
          title={`${survey.toUpperCase()} alerts of ${nightText(night.night)}, ${frame}`}
          frame={frame}
          sky={sky}
          hidden={hidden}
          view={view}
          onView={setView}
          onOpen={([, , , object, alert]) =>
            location.assign(
              object && object !== "0"
                ? `/object/${survey}/${encodeURIComponent(object)}?alert=${alert}`
                : `/search?q=${alert}`,
            )
          }
          onPlace={(ra, dec, radius) =>
            location.assign(
              `/search?q=${encodeURIComponent(`${ra.toFixed(4)} ${dec.toFixed(4)} ${radius.toFixed(3)}d`)}&view=table`,
            )
          }
        />
        {sky && <Legend sky={sky} hidden={hidden} toggle={toggle} colour={colour} />}
      </div>
    </>
  );
}

interface ControlsProps {
  readonly nights: readonly NightCount[];
  readonly night: NightCount;
  readonly colour: "class" | "filter";
  readonly frame: SkyFrameName;
  readonly view: SkyView;
  readonly sky: SkyAnswer | null;
  readonly setView: (view: SkyView) => void;
}

function Controls({ nights, night, colour, frame, view, sky, setView }: ControlsProps) {
  const address = useAddress();
  const { survey } = night;
  const surveys = [...new Set(nights.map((n) => n.survey))];
  const own = nights.filter((n) => n.survey === survey);
  return (
    <p class="controls">
      <Choice
        label="Survey"
        value={survey}
        options={surveys.map((s) => [s, s.toUpperCase()])}
        onChange={(value) => address.set({ survey: value, night: null }, "push")}
      />
      <Choice
        label="Night"
        value={String(night.night)}
        options={own.map((n) => [
          String(n.night),
          `${nightText(n.night)} (${formatCount(n.alerts)})`,
        ])}
        onChange={(value) => address.set({ night: value }, "push")}
      />
      <Choice
        label="Colour"
        value={colour}
        options={[
          ["class", "Class"],
          ["filter", "Filter"],
        ]}
        onChange={(value) => address.set({ colour: value === "class" ? null : value }, "push")}
      />
      <Choice
        label="Frame"
        value={frame}
        options={skyFrames.map((f) => [f, f[0].toUpperCase() + f.slice(1)])}
        onChange={(value) =>
          address.set({ frame: value === "equatorial" ? null : value, view: null }, "push")
        }
      />
      <button type="button" disabled={view.zoom === 1} onClick={() => setView(wholeSky)}>
        All sky
      </button>
      {sky && <span>{skyWords(sky, view)}</span>}
    </p>
  );
}

function Legend({
  sky,
  hidden,
  toggle,
  colour,
}: {
  sky: SkyAnswer;
  hidden: ReadonlySet<number>;
  toggle: (index: number) => void;
  colour: "class" | "filter";
}) {
  if (sky.colours.length === 0)
    return (
      <Empty>
        {colour === "filter"
          ? "No filter took an alert of this night."
          : "No alert of this night has a position."}
      </Empty>
    );
  return (
    <ul class="sky-legend" aria-label="Colours">
      {sky.colours.map(([name, count], i) => (
        <li key={name}>
          <button type="button" aria-pressed={!hidden.has(i)} onClick={() => toggle(i)}>
            <span class={`swatch class-${Math.min(i, CLASS_COLOURS - 1)}`} /> {name}{" "}
            <small>{formatCount(count)}</small>
          </button>
        </li>
      ))}
      <li class="legend">
        <span class="key plane" /> Milky Way <span class="key moon" /> ecliptic
      </li>
    </ul>
  );
}

function skyWords(sky: SkyAnswer, view: SkyView): string {
  const what = `${formatCount(sky.total)} alerts${view.zoom >= 2.5 ? " around here" : ""}`;
  return sky.points
    ? what
    : `${what}, counted per pixel of ${(58.6 / 2 ** sky.order).toFixed(2)}°; zoom in for single ones`;
}

function viewOf(text: string | null): SkyView {
  const [x, y, zoom] = (text ?? "").split("_").map(Number);
  return Number.isFinite(x + y + zoom) && zoom > 1 ? { x, y, zoom } : wholeSky;
}

function questionOf(frame: SkyFrameName, view: SkyView): string {
  const cone = coneInView(skyProjection(frame, view, 1200, 610), view, 1200, 610);
  return `order=${orderFor(view)}${cone ? `&ra=${cone.ra.toFixed(3)}&dec=${cone.dec.toFixed(3)}&radius=${cone.radius.toFixed(3)}` : ""}`;
}

/** The value, once it has stood still. */
function useSettled(value: string, ms: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

show(<SkyPage />);
