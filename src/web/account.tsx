import { useEffect, useRef } from "preact/hooks";
import type { Account, SurveyAccount } from "../account/account.ts";
import { formatCount } from "./format.ts";
import { Frame } from "./frame.tsx";
import { Answered, nightText, show } from "./page.tsx";
import { type Column, Table } from "./table.tsx";
import { Empty, Lines } from "./text.tsx";
import { useAddress } from "./use-address.ts";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";

/** Counting reads the whole lake: not with every commit. */
const refreshMs = 15_000;

type Night = SurveyAccount["nights"][number];
type Topic = SurveyAccount["topics"][number];
type Row = Readonly<Record<string, string | number | null>>;

function AccountPage() {
  const { feed, retry } = useFeed();
  const question = useJson<Account>(
    "/api/v1/account",
    Math.floor((feed.status?.at ?? 0) / refreshMs),
  );
  return (
    <Frame path="/account" connection={feed.connection} retry={retry}>
      <h1>Account of every alert</h1>
      <Answered {...question} waiting="Counting the lake">
        {(account) => <Whole account={account} />}
      </Answered>
      <Behind />
    </Frame>
  );
}

function Whole({ account: { balanced, surveys } }: { account: Account }) {
  if (surveys.length === 0)
    return (
      <Empty>
        The lake holds no alerts yet. ./fink demo, ./fink ingest or ./fink start archive bring some.
      </Empty>
    );
  return (
    <>
      <p class={balanced ? "verdict good" : "verdict bad"} role="status">
        <b>{balanced ? "✓" : "✗"}</b>{" "}
        {balanced
          ? `Every alert is accounted for: received = archived + rejected, and ${scienceText(surveys)}.`
          : "It does not add up:"}
      </p>
      {!balanced && (
        <ul class="problems">
          {surveys.flatMap(({ survey, problems }) =>
            problems.map((problem) => <li key={problem}>{`${survey}: ${problem}`}</li>),
          )}
        </ul>
      )}
      {surveys.map((one) => (
        <section key={one.survey}>
          <h2>{one.survey.toUpperCase()}</h2>
          <Nights account={one} />
          <Targets account={one} />
          <Topics account={one} />
        </section>
      ))}
    </>
  );
}

function scienceText(surveys: readonly SurveyAccount[]): string {
  const waiting = surveys
    .flatMap(({ nights }) => nights)
    .reduce((sum, night) => sum + night.waiting, 0);
  return waiting === 0
    ? "each has its row in science"
    : `${formatCount(waiting)} wait for science (./fink start science)`;
}

const figures: readonly {
  readonly name: string;
  readonly of: (night: Night) => number;
  readonly list: string;
  readonly isWrong?: boolean;
  readonly title: string;
}[] = [
  { name: "archived", of: (n) => n.archived, list: "archived", title: "rows of raw" },
  { name: "distinct", of: (n) => n.distinct, list: "distinct", title: "different alerts" },
  {
    name: "sent again",
    of: (n) => n.duplicates,
    list: "duplicates",
    title: "alerts that the survey sent more than once",
  },
  {
    name: "rejected",
    of: (n) => n.rejected,
    list: "rejected",
    title: "messages that could not be read; they wait with their bytes",
  },
  {
    name: "complete",
    of: (n) => n.complete,
    list: "complete",
    title: "rows of science that wait for nothing",
  },
  {
    name: "pending",
    of: (n) => n.pending,
    list: "pending",
    title: "rows of science that wait for a remote answer",
  },
  {
    name: "waiting",
    of: (n) => n.waiting,
    list: "waiting",
    title: "alerts that science has not come to yet",
  },
  {
    name: "missing",
    of: (n) => n.missing + n.unknown,
    list: "missing",
    isWrong: true,
    title: "alerts that science passed without a row, or rows without an alert",
  },
  {
    name: "matches",
    of: (n) => n.matches.reduce((sum, { matches }) => sum + matches, 0),
    list: "matches",
    title: "alerts that filters selected",
  },
];

interface NumberProps {
  readonly count: number;
  readonly isWrong?: boolean | undefined;
  /** What the address says of the list. */
  readonly list: Readonly<
    Record<"of" | "list", string> & Partial<Record<"night" | "source", string>>
  >;
}

/** A number that opens the list behind it. */
function Counted({ count, isWrong, list }: NumberProps) {
  const address = useAddress();
  if (count === 0) return <>0</>;
  return (
    <button
      type="button"
      class={isWrong ? "link bad" : "link"}
      title="Show them"
      onClick={() => address.set({ night: null, source: null, ...list }, "push")}
    >
      {isWrong && "✗ "}
      {formatCount(count)}
    </button>
  );
}

function Nights({ account: { survey, nights } }: { account: SurveyAccount }) {
  const cellOf = (night: Night, { of, list, isWrong }: (typeof figures)[number]) =>
    night.night === null ? (
      formatCount(of(night))
    ) : (
      <Counted
        count={of(night)}
        isWrong={isWrong}
        list={{ of: survey, list, night: String(night.night) }}
      />
    );
  return (
    <Lines
      head={["Night", ...figures.map(({ name }) => `+${name}`)]}
      titles={["", ...figures.map(({ title }) => title)]}
      rows={nights.map((night) => [
        night.night === null ? "without a time" : nightText(night.night),
        ...figures.map((figure) => cellOf(night, figure)),
      ])}
    />
  );
}

function Targets({ account: { deliveries } }: { account: SurveyAccount }) {
  if (deliveries.length === 0) return null;
  return (
    <p class="dim">
      Delivered:{" "}
      {deliveries.map(({ target, sent, dead, waiting, error }) => (
        <span key={target} class={dead > 0 || error !== "" ? "bad" : undefined} title={error}>
          <b>{target}</b> {formatCount(sent)}
          {dead > 0 ? `, ✗ ${formatCount(dead)} refused by it` : ""}
          {waiting > 0 ? `, ${formatCount(waiting)} commits wait` : ""}
          {error === "" ? "" : `, ✗ ${error}`}{" "}
        </span>
      ))}
    </p>
  );
}

function topicColumns(survey: string): readonly Column<Topic>[] {
  const counted = (list: "archived" | "rejected"): Column<Topic> => ({
    name: list,
    value: (t) => t[list],
    show: (t) => <Counted count={t[list]} list={{ of: survey, list, source: t.source }} />,
    isNumber: true,
  });
  return [
    { name: "topic or file", value: (t) => t.source },
    { name: "partitions", value: (t) => t.partitions, isNumber: true, isExtra: true },
    {
      name: "received",
      value: (t) => t.received,
      show: (t) => formatCount(t.received),
      isNumber: true,
    },
    counted("archived"),
    counted("rejected"),
    {
      name: "missing",
      value: (t) => t.missing,
      show: (t) => (t.missing > 0 ? <b class="bad">✗ {formatCount(t.missing)}</b> : "0"),
      isNumber: true,
    },
  ];
}

function Topics({ account: { survey, topics } }: { account: SurveyAccount }) {
  if (topics.length === 0) return null;
  return (
    <details open={topics.length <= 12}>
      <summary>
        {topics.length === 1
          ? "One topic or file"
          : `${formatCount(topics.length)} topics and files`}
        : {formatCount(topics.reduce((sum, t) => sum + t.received, 0))} received
      </summary>
      <Table
        name="topics"
        columns={topicColumns(survey)}
        rows={topics}
        keyOf={(topic) => topic.source}
      />
      {topics
        .flatMap(({ notes }) => notes)
        .map((note) => (
          <p key={note} class="dim">
            {note}
          </p>
        ))}
    </details>
  );
}

/** The list behind a number that was clicked. */
function Behind() {
  const address = useAddress();
  const [survey, list, night, source] = ["of", "list", "night", "source"].map((name) =>
    address.get(name),
  );
  const of = source ? `?source=${encodeURIComponent(source)}` : "";
  const question = useJson<readonly Row[]>(
    survey && list ? `/api/v1/account/${survey}/${night ?? 0}/${list}${of}` : null,
  );
  const section = useRef<HTMLElement>(null);
  useEffect(
    () => section.current?.scrollIntoView({ block: "nearest" }),
    [survey, list, night, source, question.answer.state],
  );
  if (!survey || !list) return null;
  const pageOf = ({ object, alert }: Row) =>
    object
      ? `/object/${survey}/${encodeURIComponent(object)}`
      : `/search?q=${encodeURIComponent(String(alert ?? ""))}`;
  return (
    <section ref={section}>
      <header>
        <h2>
          {survey.toUpperCase()}, {night ? `night ${nightText(Number(night))}` : source}: {list}
        </h2>
        <button
          type="button"
          onClick={() => address.set({ of: null, night: null, list: null, source: null }, "push")}
        >
          Close
        </button>
      </header>
      <Answered {...question} waiting="Looking them up">
        {(rows) =>
          rows.length === 0 ? (
            <Empty>There are none any more.</Empty>
          ) : (
            <>
              {rows.length === 1000 && <p class="dim">The first 1,000.</p>}
              <Table
                name={`account-${survey}-${night ?? "topic"}-${list}`}
                columns={Object.keys(rows[0]).map((name) => ({
                  name,
                  value: (row: Row) => row[name],
                }))}
                rows={rows}
                keyOf={(row) => JSON.stringify(row)}
                pageOf={pageOf}
              />
            </>
          )
        }
      </Answered>
    </section>
  );
}

show(<AccountPage />);
