import { z } from "zod";
import { FinkError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { filterGiven } from "../filter/context.ts";
import { testOnFile } from "../filter/on-file.ts";

const flags = z.object({
  on: z.string().optional().describe("test: the alerts of this Parquet file; prints the ids that are selected").meta({ value: "FILE" }),
});

export const filter = defineCommand({
  arguments: "ACTION [FILTER…]",
  description: "test F: what a filter selects. F is a filter's name, survey/name, or a file.",
  example: "./fink filter test my_filter.sql --on alerts.parquet",
  flags,
  async run(context, [action, ...names], given) {
    const one = await filterGiven(context, names[0]);
    if (action === "test" && given.on !== undefined) return await testOnFile(context, one, given.on);
    throw new FinkError("usage", "see ./fink filter --help");
  },
});
