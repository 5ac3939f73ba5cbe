import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { projectFolder } from "../../config/load.ts";
import { defineCommand } from "../command.ts";

export const bench = defineCommand({
  arguments: "[NAME…]",
  description:
    "Prints rates, CPU and memory, and each figure against the checked-in baseline. NAME is api, readers or fresh (only when named: they make lakes of up to 3,000,000 alerts, in half an hour, and keep them) outage (only when named: some minutes; with --alerts 900000, those of an hour, a quarter of one) or log (only when named: a minute or two) or soak or chaos (only when named: half an hour each), decode, simulate, crossmatch, places, archive, latency, science, filters, delivery or scores.",
  example: "./fink bench decode",
  flags: z.object({
    save: z.boolean().default(false).describe("Keep the figures as the new baseline"),
    lakes: z
      .string()
      .optional()
      .describe(
        "Folder where the lakes of these are kept; by default fink-bench among the temporary files",
      ),
    minutes: z.string().optional().describe("How long soak and chaos run; 30 by default"),
    seed: z
      .string()
      .optional()
      .describe("Of chaos: the same gives the same alerts and order of troubles"),
    alerts: z
      .string()
      .optional()
      .describe(
        "Sizes of the lakes of api, with commas between; by default 100000,1000000,3000000",
      ),
  }),
  async run(_, names, { save, ...given }) {
    const script = join(projectFolder, "bench/run.ts");
    const values = Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}=${value}`],
    );
    const flags = [...(save ? ["--save"] : []), ...values];
    const { status } = spawnSync(
      process.execPath,
      [...process.execArgv, script, ...names, ...flags],
      { stdio: "inherit" },
    );
    return status ?? 1;
  },
});
