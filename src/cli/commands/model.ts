import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { projectFolder } from "../../config/load.ts";
import { FinkError } from "../../errors.ts";
import { addModel, removeModel } from "../../science/models/add.ts";
import { bringRuntime } from "../../science/models/runtime.ts";
import { modelFolder, storedModels } from "../../science/models/store.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { table } from "../table.ts";

const flags = z.object({
  alerts: z
    .int()
    .positive()
    .optional()
    .describe("train: alerts of each night of each sky, 2500 by default")
    .meta({ value: "N" }),
  workers: z
    .int()
    .positive()
    .default(availableParallelism())
    .describe("train: threads; the result is the same")
    .meta({ value: "N" }),
  header: z
    .string()
    .optional()
    .describe("add: the model's header, if it is not NAME.json beside the file")
    .meta({ value: "FILE" }),
});

export const model = defineCommand({
  arguments: "add|list|remove|train [NAME]",
  description: [
    "add FILE: checks an ONNX model (.onnx or .onnx.gz) against the test vectors of its header, and keeps it.",
    "list: the models, and what is wrong with them.",
    "remove NAME: takes a model away; its columns are null from then on.",
    "train: grows the trees of early_sn_score on the synthetic sky again (minutes), and writes the model and docs/reference/early-sn.md.",
  ].join("\n"),
  example: "./fink model add my_model.onnx --header my_model.json",
  flags,
  async run(context, [action, name], { header, alerts, workers }) {
    if (action === "train" && name === undefined) return await train(context, alerts, workers);
    const { config } = context.config();
    const folder = modelFolder({ lake: config.lake, config: config.science });
    if (action === "add" && name !== undefined)
      return await add(
        context,
        resolve(name),
        header === undefined ? undefined : resolve(header),
        folder,
      );
    if (action === "list" && name === undefined) return list(context, folder);
    if (action === "remove" && name !== undefined) return removeModel(folder, name);
    throw new FinkError(
      "usage",
      "there is ./fink model add FILE, ./fink model list, ./fink model remove NAME and ./fink model train",
    );
  },
});

async function add(
  context: CommandContext,
  file: string,
  header: string | undefined,
  folder: string,
): Promise<void> {
  await bringRuntime(context.warn);
  const { header: added, largestDifference } = await addModel(file, header, folder);
  const { name, version, tests, tolerance } = added;
  if (context.json)
    return context.print(JSON.stringify({ name, version, tests: tests.length, largestDifference }));
  context.print(
    `${name} ${version}: ${tests.length} tests, largest difference ${largestDifference.toExponential(1)} (allowed ${tolerance})`,
  );
}

function list(context: CommandContext, folder: string): void {
  const models = storedModels(folder);
  if (context.json)
    return context.print(
      JSON.stringify(
        models.map(({ name, header, problem }) => ({
          name,
          version: header?.version ?? null,
          problem,
        })),
        null,
        2,
      ),
    );
  const rows = models.map(({ name, header, problem }) => [
    name,
    header?.version ?? "",
    problem ?? header!.about,
  ]);
  context.print(
    rows.length > 0 ? table(["model", "version", ""], rows) : `there are no models in ${folder}`,
  );
}

/** Writes into the project: the model is part of it. */
async function train(
  context: CommandContext,
  alerts: number | undefined,
  workers: number,
): Promise<void> {
  const [{ standardTraining, trainEarly }, { earlyPage, modelText }] = await Promise.all([
    import("../../science/classifier/train.ts"), // the sky and its models
    import("../../science/classifier/page.ts"),
  ]);
  const options = {
    ...standardTraining,
    ...(alerts !== undefined && { alerts }),
    workers,
    say: context.warn,
  };
  const trained = await trainEarly(options);
  for (const [file, text] of [
    ["src/science/classifier/early-sn.json", modelText(trained.model)],
    ["docs/reference/early-sn.md", earlyPage(trained, options)],
  ]) {
    writeFileSync(join(projectFolder, file), text);
    context.print(file);
  }
}
