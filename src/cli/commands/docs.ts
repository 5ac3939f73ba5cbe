import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { defineCommand } from "../command.ts";
import { generatedFiles } from "../reference.ts";

export const docs = defineCommand({
  arguments: "",
  example: "./fink docs",
  flags: z.object({}),
  async run(context) {
    for (const [file, text] of await generatedFiles()) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      context.print(file);
    }
  },
});
