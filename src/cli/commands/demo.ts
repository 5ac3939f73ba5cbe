import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "../../config/schema.ts";
import { LakeTable } from "../../lake/table.ts";
import { createLogger } from "../../log.ts";
import { runArchive } from "../../services/archive.ts";
import type { Service } from "../../services/service.ts";
import { services } from "../../services/services.ts";
import { supervise } from "../../services/supervise.ts";
import { ui } from "../../services/ui.ts";
import type { SimulationOptions } from "../../simulator/night/batch.ts";
import { schemaFor } from "../../simulator/packets/schemas.ts";
import { SimulatedSource } from "../../simulator/source.ts";
import { defineCommand } from "../command.ts";
import { addKnownSky } from "../demo-sky.ts";
import { flag } from "../flags.ts";

/** Alerts of a night, per survey. */
const alertsPerNight = 3000;

export const demo = defineCommand({
  arguments: "",
  description:
    "Makes a night of alerts such as ZTF and LSST send, archives it as it comes, computes what is known of each alert, runs the shipped filters, and shows it all on the pages. Nothing but this folder is touched.",
  example: "./fink demo --rate 50",
  flags: z.object({
    rate: flag("N", "Alerts per second and survey", z.coerce.number().positive().default(20)),
    port: flag("PORT", "Port of the pages", z.coerce.number().int().optional()),
  }),
  async run(context, _, { rate, port }) {
    const given = context.config(port === undefined ? {} : { "ui.port": String(port) });
    const isAsked = ["command line", "FINK_LAKE"].includes(given.origins.get("lake") ?? "");
    // not among the real alerts
    const lake = isAsked ? given.config.lake : join(given.home, "demo-lake");
    const config: Config = {
      ...given.config,
      lake,
      schemas: { ...given.config.schemas, folder: writeSchemas(lake) },
    };
    const night = {
      nights: [yesterday()],
      seed: unfinishedSeed(lake),
      alerts: alertsPerNight,
      rates: {},
    };
    context.print(
      `A night of ${alertsPerNight} ZTF-like and ${alertsPerNight} LSST-like alerts is being made and archived into ${lake}.`,
    );
    const nights: SimulationOptions[] = [
      { survey: "ztf", schema: "4.02", ...night },
      { survey: "lsst", schema: "9.0", ...night },
    ];
    let unfinished = nights.length;
    const atDawn = () => {
      if (--unfinished === 0)
        context.print(
          "The night is over. The pages stay until Ctrl-C; the next `./fink demo` shows another night.",
        );
    };
    const archive: Service = {
      name: "archive",
      run: (own) =>
        runArchive(own, () => nights.map((options) => new SimulatedSource(options, rate, atDawn))),
    };
    const pages: Service = {
      ...ui,
      run: (own) =>
        ui.run({
          ...own,
          status: (change) => (announce(context.print, change.url), own.status(change)),
        }),
    };
    const stop = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
    const [science, ...after] = await Promise.all(
      (["science", "filter", "aggregation"] as const).map((name) => services[name]()),
    );
    const knowing: Service = {
      ...science,
      async run(own) {
        own.status({ note: "the catalogues that know this sky are being made" });
        await addKnownSky(lake, nights, own.signal);
        own.status({ note: undefined });
        await science.run(own);
      },
    };
    const all = [archive, knowing, ...after, pages].map((service) => ({
      service,
      name: service.name,
    }));
    await supervise(all, { config, once: false, log: createLogger("warn"), signal: stop.signal });
    context.print(
      `\nStopped. The alerts stay in ${lake}: ./fink query --lake ${lake} "SELECT count(*) FROM ztf.raw"`,
    );
  },
});

function announce(print: (line: string) => void, url: string | undefined): void {
  if (url === undefined) return;
  print(
    `Open ${url} to see the night as it comes: alerts with their images, the sky, classes, filters, counts. ${url}/live has the rates of each step.`,
  );
  print(
    "Ctrl-C ends it. What was archived stays, and the next `./fink demo` goes on where this one was.",
  );
}

function writeSchemas(lake: string): string {
  const folder = join(lake, ".fink", "demo-schemas");
  mkdirSync(folder, { recursive: true });
  const { id, text } = schemaFor("lsst");
  writeFileSync(join(folder, `${id}.avsc`), text);
  return folder;
}

function yesterday(): string {
  return new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
}

/** A demo that ran to its end shows another night the next time. */
function unfinishedSeed(lake: string): number {
  const { positions } = new LakeTable(join(lake, "ztf", "raw")).snapshot;
  const done = [...positions].filter(
    ([appId, at]) => appId.includes(`_${yesterday()}_`) && at >= alertsPerNight,
  ).length;
  return 1 + done;
}
