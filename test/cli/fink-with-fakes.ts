import { setTimeout as sleep } from "node:timers/promises";
import { commands } from "../../src/cli/commands.ts";
import { startCommand } from "../../src/cli/commands/start.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { FinkError } from "../../src/errors.ts";
import type { Service, ServiceContext, ServiceName } from "../../src/services/service.ts";
import { serviceNames } from "../../src/services/services.ts";

// The command line over services that only pretend. The group's name in the configuration says how
// they behave.

async function pretend({ config, signal, once, status }: ServiceContext): Promise<void> {
  if (config.kafka.group === "wrong-password")
    throw new FinkError("kafka", "the broker refuses user fink");
  status({ state: "running" });
  if (once) return;
  // the timer stands for a service's own sockets: without it nothing would hold the process
  await sleep(60_000, undefined, { signal }).catch(() => undefined);
  if (config.kafka.group === "stuck") await sleep(60_000);
}

function fake(name: ServiceName): () => Promise<Service> {
  return async () => ({
    name,
    run: async (context) => {
      if (name === "ui") context.status({ url: "http://127.0.0.1:1" });
      await pretend(context);
    },
  });
}

const fakes = Object.fromEntries(serviceNames.map((name) => [name, fake(name)])) as Record<
  ServiceName,
  () => Promise<Service>
>;

process.exitCode = await runCommandLine(process.argv.slice(2), {
  ...commands,
  start: { ...commands.start, load: async () => startCommand(fakes) },
});
