import { existsSync, readdirSync } from "node:fs";
import { setPriority } from "node:os";
import { z } from "zod";
import type { Config } from "../../config/schema.ts";
import { FinkError } from "../../errors.ts";
import { isReadOnly } from "../../folder.ts";
import { createLogger } from "../../log.ts";
import { didYouMean } from "../../config/nearest.ts";
import type { ServiceName } from "../../services/service.ts";
import { serviceNames, services } from "../../services/services.ts";
import { type Supervised, supervise } from "../../services/supervise.ts";
import { type Command, type CommandContext, defineCommand } from "../command.ts";
import { startDetached } from "../detach.ts";
import { flag, matching } from "../flags.ts";

const flags = z.object({
  once: z.boolean().default(false).describe("Work through what is there, then end"),
  detach: z
    .boolean()
    .default(false)
    .describe("Run in the background; the log goes to <lake>/.fink/log/"),
  foreground: z
    .boolean()
    .default(false)
    .describe("Keep the pages (ui) in this terminal; by themselves they go to the background"),
  name: flag(
    "NAME",
    "Name of this instance, to run a service more than once",
    matching(/^[a-z][a-z0-9-]*$/, "a name is made of a-z, 0-9 and -"),
  ),
});

export const start = startCommand(services);

/** The command over other services than ours, for tests. */
export function startCommand(table: typeof services): Command {
  return defineCommand({
    arguments: [...serviceNames, "all"].join("|"),
    description: `SERVICE is ${serviceNames.join(", ")}, or all of them in one process. Ctrl-C or \`./fink stop\` ends it cleanly. The pages alone (ui) go to the background.`,
    example: "./fink start archive -c conf/fink.yaml --detach",
    flags,
    async run(context, [which], given) {
      const names = namesOf(which, given);
      const { config } = context.config();
      const isPages = names.every(({ service }) => service === "ui");
      // a process in the background says in the lake how it is
      const isSeen = !isReadOnly(config.lake);
      if (given.detach && !isSeen)
        throw new FinkError("usage", `${config.lake} is read-only: leave out --detach`);
      if (given.detach || (isPages && !given.foreground && isSeen))
        return await detach(context, config, which, names);
      const loaded = names.map(async ({ service, name }) => ({
        service: await table[service](),
        name,
      }));
      await runHere(await Promise.all(loaded), config, given.once);
    },
  });
}

interface Named {
  readonly service: ServiceName;
  readonly name: string;
}

/** `all --once` leaves out the pages, which have no end of their own. */
function namesOf(which: string, { name, once }: z.output<typeof flags>): Named[] {
  if (which === "all") {
    if (name !== undefined)
      throw new FinkError(
        "usage",
        `--name ${name} is for a single service; start the services one by one`,
      );
    return serviceNames
      .filter((service) => !(once && service === "ui"))
      .map((service) => ({ service, name: service }));
  }
  const service = serviceNames.find((known) => known === which);
  if (!service)
    throw new FinkError(
      "usage",
      `there is no service ${which}${didYouMean(which, serviceNames) || `; the services are ${serviceNames.join(", ")}, all`}`,
    );
  return [{ service, name: name ?? service }];
}

/** Where the cores do not suffice, a third of the time of a process of the ordinary 0. */
const pagesPriority = 5;

/**
 * The pages give way to the services that take alerts in, where they have a process of their own.
 * On Linux each thread has a priority.
 */
function giveWay(): void {
  const threads = existsSync("/proc/self/task")
    ? readdirSync("/proc/self/task").map(Number)
    : [process.pid];
  for (const id of threads) {
    try {
      setPriority(id, pagesPriority);
    } catch {
      // a thread that has ended meanwhile
    }
  }
}

async function runHere(
  supervised: readonly Supervised[],
  config: Config,
  once: boolean,
): Promise<void> {
  if (supervised.every(({ service }) => service.name === "ui")) giveWay();
  const log = createLogger(config.log.level);
  const stopping = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(130);
    log.info(`${signal}: finishing what is in hand; once more to give up`);
    stopping.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  await supervise(supervised, { config, once, log, signal: stopping.signal });
}

async function detach(
  context: CommandContext,
  config: Config,
  which: string,
  names: readonly Named[],
): Promise<void> {
  const title = names.length === 1 ? names[0].name : which;
  const instances = names.map(({ name }) => name);
  const started = await startDetached(config.lake, title, instances, [
    "start",
    ...context.argv.filter((word) => word !== "--detach"),
    "--foreground",
  ]);
  if (context.json) return context.print(JSON.stringify(started));
  const state = { running: "runs", starting: "is still starting", finished: "has finished" }[
    started.state
  ];
  context.print(`${title} ${state} (pid ${started.pid}), log ${started.log}`);
  if (started.url) context.print(`pages: ${started.url}`);
}
