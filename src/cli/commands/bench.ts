import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { projectFolder } from "../../config/load.ts";
import { defineCommand } from "../command.ts";

export const bench = defineCommand({
  arguments: "[NAME…]",
  description:
    "Prints rates, CPU and memory, and each figure against the checked-in baseline. NAME is api (an hour; only when it is named), decode, simulate, crossmatch, places, archive, latency, science, filters, delivery or scores.",
  example: "./fink bench decode",
  flags: z.object({ save: z.boolean().default(false).describe("Keep the figures as the new baseline") }),
  async run(_, names, { save }) {
    const script = join(projectFolder, "bench/run.ts");
    const { status } = spawnSync(process.execPath, [...process.execArgv, script, ...names, ...(save ? ["--save"] : [])], { stdio: "inherit" });
    return status ?? 1;
  },
});
