import { DeliveryStore } from "../delivery/store.ts";
import { FinkError } from "../errors.ts";
import { openSession } from "../sql/session.ts";
import type { Surveys } from "../surveys/surveys.ts";
import { Books } from "./books.ts";
import { type NightAccount, nightsOf } from "./nights.ts";
import { type TopicAccount, topicsOf } from "./topics.ts";

/** Where every alert of one survey is. What does not add up is in `problems`, by name. */
export interface SurveyAccount {
  readonly survey: string;
  readonly topics: readonly TopicAccount[];
  /** Newest first. */
  readonly nights: readonly NightAccount[];
  readonly deliveries: readonly Deliveries[];
  readonly problems: readonly string[];
}

/** What one target got of the survey's matches, since the delivery log begins. */
export interface Deliveries {
  readonly target: string;
  readonly sent: number;
  /** Matches that the target refused for good: ./fink deliveries has them. */
  readonly dead: number;
  /** Commits of `matches` that it has still to get. */
  readonly waiting: number;
  /** What keeps it from them; empty: nothing. */
  readonly error: string;
}

export interface Account {
  readonly balanced: boolean;
  readonly surveys: readonly SurveyAccount[];
}

export interface AccountOptions {
  /** Only this night (YYYYMMDD); the topics are counted whole all the same. */
  readonly night?: number;
  readonly survey?: string;
  /** A science service has run on the lake, even if it has no row of any survey yet. */
  readonly scienceRan?: boolean;
}

/**
 * Counts a lake: received = archived + rejected for each topic, and what became of the alerts of
 * each night. Reads a few columns of all its rows.
 */
export async function accountOf(
  lake: string,
  surveys: Surveys,
  options: AccountOptions = {},
): Promise<Account> {
  const session = await openSession(lake, { surveys });
  try {
    const names = [...new Set(session.tables.map(({ survey }) => survey))].filter(
      (name) => options.survey === undefined || name === options.survey,
    );
    const isComputed =
      options.scienceRan === true || session.tables.some(({ kind }) => kind === "science");
    const accounts: SurveyAccount[] = [];
    for (const name of names)
      accounts.push(
        await surveyAccount(
          lake,
          new Books(lake, surveys.named(name), session),
          options.night,
          isComputed,
        ).catch(unreadable(name)),
      );
    return { balanced: accounts.every(({ problems }) => problems.length === 0), surveys: accounts };
  } finally {
    session.close();
  }
}

/** A survey with a damaged table has no numbers, and keeps nobody from those of the others. */
function unreadable(survey: string): (error: unknown) => SurveyAccount {
  return (error) => {
    if (!(error instanceof FinkError)) throw error;
    return { survey, topics: [], nights: [], deliveries: [], problems: [error.message] };
  };
}

async function surveyAccount(
  lake: string,
  books: Books,
  night: number | undefined,
  isComputed: boolean,
): Promise<SurveyAccount> {
  books.open();
  const topics = await topicsOf(books);
  const nights = await nightsOf(books, night, isComputed);
  const deliveries = deliveriesOf(lake, books);
  return {
    survey: books.survey.name,
    topics,
    nights,
    deliveries,
    problems: [...topics, ...nights].flatMap(({ problems }) => problems),
  };
}

function deliveriesOf(lake: string, books: Books): Deliveries[] {
  const store = DeliveryStore.openExisting(lake);
  try {
    const { version } = books.table("matches").snapshot;
    const totals = store?.totals().filter(({ survey }) => survey === books.survey.name) ?? [];
    return totals.map(({ target, sent, dead, error }) => ({
      target,
      sent,
      dead,
      waiting: Math.max(0, version - (store?.position(target, books.survey.name)?.version ?? -1)),
      error,
    }));
  } finally {
    store?.close();
  }
}
