import { useEffect, useState } from "preact/hooks";
import type { FilterExplanation } from "../api/pages/types.ts";
import { Empty } from "./text.tsx";
import { useJson } from "./use-json.ts";
import type { SearchAnswer } from "../api/pages/types.ts";

/** Why an alert is taken, or not: each clause with its value, and the columns it reads. */
export function Explain({
  survey,
  alert,
  name,
  text,
}: {
  survey: string;
  alert: string;
  name?: string;
  text?: string;
}) {
  const found = useJson<SearchAnswer>(
    `/api/pages/search?q=${encodeURIComponent(`alert:${alert}`)}`,
  );
  const row = found.answer.data?.rows.find((r) => r.survey === survey);
  const [answer, setAnswer] = useState<FilterExplanation | string | null>(null);
  useEffect(() => {
    if (!row?.night) return;
    const aborter = new AbortController();
    setAnswer(null);
    void ask<FilterExplanation>(
      "explain",
      { survey, alert, night: row.night, ...(text === undefined ? { name } : { text }) },
      aborter.signal,
    ).then(setAnswer, () => {});
    return () => aborter.abort();
  }, [row?.night, alert, text, name]);
  if (found.answer.state === "ready" && !row)
    return (
      <Empty>
        No alert {alert} of {survey} is in the lake.
      </Empty>
    );
  if (answer === null) return <Empty>Asking each clause about alert {alert} …</Empty>;
  if (typeof answer === "string" || answer.problem !== null)
    return <p class="failed">✗ {typeof answer === "string" ? answer : answer.problem}</p>;
  return (
    <section class="explain" aria-label="Why">
      <h2>
        Alert {alert}: {answer.isSelected ? "✓ taken" : "✗ not taken"}
      </h2>
      <ul class="clauses">
        {answer.clauses.map(({ text: clause, value }, i) => (
          <li key={`${i} ${clause}`} class={value === null ? "" : value ? "good" : "bad"}>
            {value === null ? "?" : value ? "✓" : "✗"} <code>{clause}</code>{" "}
            <small>{value === null ? "null: not known" : String(value)}</small>
          </li>
        ))}
      </ul>
      <dl class="summary">
        {answer.values.map(([column, value]) => (
          <div key={column}>
            <dt>
              <code>{column}</code>
            </dt>
            <dd>{value === null ? "null" : String(value).slice(0, 200)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Asks the laboratory; a text is what went wrong. */
export async function ask<T>(
  what: "test" | "explain",
  body: object,
  signal: AbortSignal,
): Promise<T | string> {
  try {
    const response = await fetch(`/api/pages/filters/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    });
    const answer = (await response.json()) as T & { error?: string };
    return response.ok ? answer : (answer.error ?? `the server answers ${response.status}`);
  } catch (error) {
    if (signal.aborted) throw error;
    return "the server cannot be reached; try again";
  }
}
