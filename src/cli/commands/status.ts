import { z } from "zod";
import { type Instance, instances } from "../../services/run-state.ts";
import { defineCommand } from "../command.ts";
import { table } from "../table.ts";

export const status = defineCommand({
  arguments: "",
  description:
    "Rates are means over 10 s; p50/p99 is the time from published to committed by this service over 60 s.",
  example: "./fink status --json",
  flags: z.object({}),
  async run(context) {
    const { lake } = context.config().config;
    const all = instances(lake);
    const states = all.map((one) => ({ ...one.status, state: one.state }));
    if (context.json) return context.print(JSON.stringify(states, null, 2));
    if (all.length === 0)
      return context.print(`nothing ever ran on ${lake}; \`./fink start all\` begins`);
    const rows = all.map((one) => row(one, Date.now()));
    context.print(table(columns, rows));
    for (const remark of all.flatMap(remarks)) context.print(remark);
  },
});

const columns = [
  "service",
  "state",
  "pid",
  "up",
  "in/s",
  "done/s",
  "MB/s",
  "lag",
  "p50/p99",
  "last commit",
  "rejected",
];

function row({ status, state, process }: Instance, now: number) {
  const archive = process ? status.archive : undefined;
  const stage = process ? status.stage : undefined;
  const latency = (archive ?? stage)?.latencyMs;
  const commit = status.archive?.lastCommit;
  return [
    status.name,
    state,
    process?.pid,
    process ? duration(now - status.startedAt) : "",
    archive?.receivedPerSecond.toFixed(1),
    (archive?.archivedPerSecond ?? stage?.perSecond)?.toFixed(1),
    archive?.megabytesPerSecond.toFixed(1),
    archive ? (archive.lag ?? "?") : stage?.lag,
    latency ? `${(latency.p50 / 1000).toFixed(1)}/${(latency.p99 / 1000).toFixed(1)} s` : "",
    commit ? `${duration(now - commit.at)} ago` : "",
    status.archive?.rejected,
  ];
}

function remarks({ status, state, process, elsewhere }: Instance): string[] {
  const { name, service } = status;
  if (elsewhere !== null)
    return [
      `${name}: on ${elsewhere}; this is what it said last${status.message === "" ? "" : `: ${status.message}`}`,
    ];
  if (state === "died")
    return [
      `${name}: its process is gone without a word; \`./fink start ${service}${name === service ? "" : ` --name ${name}`}\` goes on where it was`,
    ];
  const said = [status.message, ...(process ? (status.troubles ?? []) : []), status.note].filter(
    Boolean,
  );
  if (said.length > 0) return [`${name}: ${said.join("; ")}`];
  return process && status.url ? [`${name}: ${status.url}`] : [];
}

/** `42 s`, `7 min`, `3.5 h`, `2.1 d` */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${(seconds / 3600).toFixed(1)} h`
    : `${(seconds / 86_400).toFixed(1)} d`;
}
