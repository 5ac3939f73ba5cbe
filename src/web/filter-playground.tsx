import { useEffect, useRef, useState } from "preact/hooks";
import type { FilterAnswer, FilterTest, NightCount } from "../api/pages/types.ts";
import { useCutoutLook } from "./cutout-look.tsx";
import { ask, Explain } from "./filter-explain.tsx";
import { formatCount, formatDuration } from "./format.ts";
import { Choice } from "./light-curve.tsx";
import { nightText } from "./page.tsx";
import { RowCard } from "./row-card.tsx";
import { saveFile } from "./save.ts";
import { Empty } from "./text.tsx";
import { useAddress } from "./use-address.ts";
import { useJson } from "./use-json.ts";

const examples: Readonly<Record<string, string>> = {
  ztf: `-- description: Bright, and brightening
-- owner: you@example.org

SELECT objectId, candid, candidate.magpsf
FROM alerts
WHERE candidate.magpsf < 18.5
  AND candidate.rb > 0.7
  AND mag_rate < 0
`,
  lsst: `-- description: Significant positive differences in g and r
-- owner: you@example.org

SELECT diaSource.diaObjectId, diaSourceId, diaSource.psfFlux
FROM alerts
WHERE diaSource.snr > 10
  AND diaSource.psfFlux > 0
  AND diaSource.band IN ('g', 'r')
`,
};

/** A text, checked and run on nights that are past before anybody deploys it. */
export function Playground() {
  const address = useAddress();
  const nights = useJson<readonly NightCount[]>("/api/pages/nights");
  const surveys = [...new Set(nights.answer.data?.map((n) => n.survey) ?? ["ztf", "lsst"])];
  const survey = surveys.find((s) => s === address.get("survey")) ?? surveys[0] ?? "ztf";
  const from = address.get("from");
  const base = useJson<FilterAnswer>(from === null ? null : `/api/pages/filters/${survey}/${from}`);
  const [text, setText] = useState(() => sessionStorage.getItem("filter") ?? "");
  const isEdited = useRef(false);
  const [count, setCount] = useState("1");
  useEffect(() => {
    // what was typed while it was read stays
    if (base.answer.data && !isEdited.current) setText(base.answer.data.text);
  }, [base.answer.data]);
  const shown = text === "" ? (examples[survey] ?? "") : text;
  const { result, isBusy, run } = useTest(survey, shown);
  const edit = (value: string) => {
    isEdited.current = true;
    sessionStorage.setItem("filter", value);
    setText(value);
  };
  return (
    <div class="playground">
      <div>
        <div class="controls">
          <Choice
            label="Survey"
            value={survey}
            options={surveys.map((s) => [s, s.toUpperCase()])}
            onChange={(value) => address.set({ survey: value })}
          />
          <a href="/docs/filters">How filters are written</a>
        </div>
        <textarea
          rows={14}
          spellcheck={false}
          aria-label="The filter"
          value={shown}
          onInput={(event) => edit(event.currentTarget.value)}
        />
        <div class="controls">
          <button type="button" disabled={isBusy} onClick={() => run(0)}>
            Check
          </button>
          <button type="button" disabled={isBusy} onClick={() => run(Number(count))}>
            Run on
          </button>
          <Choice
            label="nights"
            value={count}
            options={[
              ["1", "the newest"],
              ["3", "newest 3"],
              ["7", "newest 7"],
            ]}
            onChange={setCount}
          />
          <button
            type="button"
            onClick={() => saveFile(shown, "application/sql", "your_filter.sql")}
          >
            Save the file
          </button>
          <span>
            then put it into <code>filters/{survey}/</code>
          </span>
        </div>
      </div>
      <div aria-live="polite">
        {isBusy ? (
          <Empty>Running …</Empty>
        ) : (
          <Result result={result} survey={survey} text={shown} />
        )}
      </div>
    </div>
  );
}

function useTest(survey: string, text: string) {
  const [result, setResult] = useState<FilterTest | string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const aborter = useRef<AbortController>(null);
  useEffect(() => () => aborter.current?.abort(), []);
  const run = (nights: number) => {
    aborter.current = new AbortController();
    setBusy(true);
    void ask<FilterTest>("test", { survey, text, nights }, aborter.current.signal).then(
      (answer) => {
        setResult(answer);
        setBusy(false);
      },
      () => {},
    );
  };
  return { result, isBusy, run };
}

function Result({
  result,
  survey,
  text,
}: {
  result: FilterTest | string | null;
  survey: string;
  text: string;
}) {
  const { look } = useCutoutLook();
  const [alert, setAlert] = useState("");
  if (result === null)
    return (
      <Empty>
        “Check” holds the text against the columns that there are; “Run” says how many alerts it
        would have taken, and which.
      </Empty>
    );
  if (typeof result === "string" || result.problem !== null)
    return <p class="failed">✗ {typeof result === "string" ? result : result.problem}</p>;
  const alerts = result.nights.reduce((sum, n) => sum + n.alerts, 0);
  return (
    <>
      <p class="good">✓ It can be used.</p>
      {result.nights.map(({ night, alerts: of, selected, milliseconds }) => (
        <p key={night}>
          {nightText(night)}: <b>{formatCount(selected)}</b> of {formatCount(of)} alerts,{" "}
          {formatDuration(milliseconds)}
        </p>
      ))}
      <ul class="clauses">
        {result.clauses.map(({ text: clause, passed }, i) => (
          <li key={`${i} ${clause}`}>
            <code>{clause}</code>{" "}
            {alerts > 0 && (
              <small>
                true for {formatCount(passed)} of {formatCount(alerts)}
              </small>
            )}
          </li>
        ))}
      </ul>
      <label class="controls">
        Why is an alert taken, or not?{" "}
        <input
          placeholder="Alert id"
          onChange={(event) => setAlert(event.currentTarget.value.trim())}
        />
      </label>
      {/^\d+$/.test(alert) && <Explain survey={survey} text={text} alert={alert} />}
      <ol class="alerts grid">
        {result.sample.map((row) => (
          <RowCard key={row.alertId} row={row} look={look} />
        ))}
      </ol>
    </>
  );
}
