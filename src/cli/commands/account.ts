import { z } from "zod";
import { type Account, accountOf, type SurveyAccount } from "../../account/account.ts";
import { surveysOf } from "../../archive/setup.ts";
import { hasRun } from "../../services/run-state.ts";
import { defineCommand } from "../command.ts";
import { table } from "../table.ts";
import { flag } from "../flags.ts";

export const account = defineCommand({
  arguments: "",
  description: [
    "Of each topic: received = archived + rejected. Of each night: distinct alerts, those sent again, science complete and pending, matches.",
    "What does not add up is named, and the exit code is 1.",
  ].join("\n"),
  example: "./fink account --night 20260131",
  flags: z.object({
    night: flag(
      "NIGHT",
      "Only this night, YYYYMMDD",
      z.coerce.number().int().min(10_000_101).max(99_991_231).optional(),
    ),
    survey: flag("NAME", "Only this survey"),
  }),
  async run(context, _, chosen) {
    const { config } = context.config();
    const found = await accountOf(config.lake, surveysOf(config), {
      ...chosen,
      scienceRan: hasRun(config.lake, "science"),
    });
    context.print(context.json ? JSON.stringify(found, null, 1) : textOf(found));
    return found.balanced ? 0 : 1;
  },
});

function textOf({ balanced, surveys }: Account): string {
  if (surveys.length === 0)
    return "The lake holds no alerts yet: ./fink demo, ./fink ingest or ./fink start archive bring some.";
  const problems = surveys.flatMap(({ survey, problems: own }) =>
    own.map((problem) => `  ${survey}: ${problem}`),
  );
  const verdict = balanced
    ? "Every alert is accounted for."
    : `DOES NOT ADD UP\n${problems.join("\n")}`;
  return [verdict, ...surveys.map(surveyText)].join("\n\n");
}

function surveyText({ survey, topics, nights, deliveries }: SurveyAccount): string {
  const shown =
    // thousands of files
    topics.length > 20 ? [...topics].filter(({ problems }) => problems.length > 0) : topics;
  const sums = (of: (topic: SurveyAccount["topics"][number]) => number): number =>
    topics.reduce((total, topic) => total + of(topic), 0);
  const all = [
    "all",
    sums(({ received }) => received),
    sums(({ archived }) => archived),
    sums(({ rejected }) => rejected),
    sums(({ missing }) => missing),
  ];
  const rows = shown.map((t) => [t.source, t.received, t.archived, t.rejected, t.missing]);
  const perNight = nights.map((n) => {
    const counts = [
      n.archived,
      n.distinct,
      n.duplicates,
      n.rejected,
      n.complete,
      n.pending,
      n.waiting,
      n.missing,
    ];
    return [
      n.night ?? "no time",
      ...counts,
      n.matches.reduce((sum, { matches }) => sum + matches, 0),
    ];
  });
  const perTarget = deliveries.map((d) => [d.target, d.sent, d.dead, d.waiting, d.error]);
  return [
    survey,
    table(
      [
        topics.length > 20 ? `${topics.length} files` : "topic or file",
        "received",
        "archived",
        "rejected",
        "missing",
      ],
      [...rows, all],
    ),
    table(
      [
        "night",
        "archived",
        "distinct",
        "sent again",
        "rejected",
        "science",
        "pending",
        "waiting",
        "missing",
        "matches",
      ],
      perNight,
    ),
    ...topics.flatMap(({ notes }) => notes.map((note) => `  ${note}`)),
    ...(perTarget.length > 0
      ? [
          table(
            ["target", "delivered", "refused by it", "commits that wait", "what keeps it"],
            perTarget,
          ),
        ]
      : []),
  ].join("\n");
}
