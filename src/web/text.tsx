import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { formatAgo, formatUtc } from "./format.ts";

/** A number with its unit and a word that says what it counts. */
export function Figure({
  label,
  value,
  unit,
  title,
  alarm,
}: {
  label: string;
  value: string;
  unit?: string;
  title?: string;
  alarm?: boolean;
}) {
  return (
    <div class={alarm ? "figure alarm" : "figure"} title={title}>
      <dt>{label}</dt>
      <dd>
        {alarm ? "! " : ""}
        {value} {unit && <small>{unit}</small>}
      </dd>
    </div>
  );
}

/** An id or a position: a click copies it. */
export function Copy({
  text,
  title,
  children,
}: {
  text: string;
  title?: string;
  children?: ComponentChildren;
}) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1200);
  };
  const shown = children ?? text;
  // browsers give it to https and localhost only
  if (!navigator.clipboard) return <code title={title}>{shown}</code>;
  return (
    <button
      type="button"
      class="copy"
      title={`${title ? `${title}\n` : ""}Click to copy ${text}`}
      onClick={() => void copy()}
    >
      {copied ? "copied ✓" : shown}
    </button>
  );
}

/** How long ago, with UTC and local time on hover. Times in ms since 1970. */
export function Ago({ at, now }: { at: number; now: number }) {
  const date = new Date(at);
  return (
    <time
      dateTime={date.toISOString()}
      title={`${formatUtc(at)} UTC\n${date.toLocaleString()} local`}
    >
      {formatAgo(at, now)}
    </time>
  );
}

/** Why there is nothing here and what to do. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/**
 * A short table that nobody sorts: rows of cells under their names; a name that begins with + is of
 * numbers.
 */
export function Lines({
  head,
  rows,
  titles = [],
}: {
  head: readonly string[];
  rows: readonly (readonly ComponentChildren[])[];
  titles?: readonly string[];
}) {
  const classOf = (i: number) => (head[i].startsWith("+") ? "number" : undefined);
  return (
    <div class="scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((name, i) => (
              <th key={name} class={classOf(i)} title={titles[i]}>
                {name.replace("+", "")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            <tr key={line}>
              {row.map((cell, i) => (
                <td key={head[i]} class={classOf(i)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What is known of a thing: names with values. */
export function Facts({
  facts,
}: {
  facts: readonly (readonly [name: string, value: ComponentChildren])[];
}) {
  return (
    <dl class="summary">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
