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
  readonly problems: readonly string[];
}

export interface Account {
  readonly balanced: boolean;
  readonly surveys: readonly SurveyAccount[];
}

export interface AccountOptions {
  /** Only this night (YYYYMMDD); the topics are counted whole all the same. */
  readonly night?: number;
  readonly survey?: string;
}

/** Counts a lake: received = archived + rejected for each topic, and what became of the alerts of each night. Reads a few columns of all its rows. */
export async function accountOf(lake: string, surveys: Surveys, options: AccountOptions = {}): Promise<Account> {
  const session = await openSession(lake);
  try {
    const names = [...new Set(session.tables.map(({ survey }) => survey))].filter((name) => options.survey === undefined || name === options.survey);
    const accounts: SurveyAccount[] = [];
    for (const name of names) accounts.push(await surveyAccount(new Books(lake, surveys.named(name), session), options.night));
    return { balanced: accounts.every(({ problems }) => problems.length === 0), surveys: accounts };
  } finally {
    session.close();
  }
}

async function surveyAccount(books: Books, night: number | undefined): Promise<SurveyAccount> {
  const topics = await topicsOf(books);
  const nights = await nightsOf(books, night);
  return { survey: books.survey.name, topics, nights, problems: [...topics, ...nights].flatMap(({ problems }) => problems) };
}
