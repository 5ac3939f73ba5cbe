import { messageOf } from "../../errors.ts";
import type { AddedColumn, ScienceModule, ScienceSetup, Values } from "../module.ts";
import type { Alerts } from "../module.ts";
import { tensorOf } from "./check.ts";
import type { ModelHeader } from "./header.ts";
import {
  loadedModel,
  missingModel,
  modelFolder,
  type Model,
  storedHeader,
  storedModels,
} from "./store.ts";

/**
 * A module that names models is off without them, and its version says which files they are. Asked
 * whether it can run, it loads them, which takes seconds and shows whether they pass their tests:
 * threads that compute ask before the first alerts come.
 */
export function withItsModels(module: ScienceModule, setup: ScienceSetup): ScienceModule {
  const { models, version } = module;
  if (models === undefined) return module;
  const missing = missingModel(setup, models);
  if (missing !== null) return { ...module, unavailable: () => missing };
  const hashes = models.map(
    (name) => storedHeader(modelFolder(setup), name).sha256?.slice(0, 8) ?? "",
  );
  const fault = async () =>
    (await module.unavailable?.(setup)) ?? (await loadingFault(setup, models));
  return { ...module, version: `${version}+${hashes.join("+")}`, unavailable: fault };
}

async function loadingFault(
  setup: ScienceSetup,
  models: readonly string[],
): Promise<string | null> {
  try {
    for (const name of models) await loadedModel(setup, name);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** The models whose inputs are plain columns: each is a module without code. */
export function modelModules(setup: ScienceSetup): ScienceModule[] {
  return storedModels(modelFolder(setup)).flatMap(({ header }) =>
    header?.surveys === undefined ? [] : [moduleOf(header, header.surveys)],
  );
}

function moduleOf(header: ModelHeader, surveys: readonly string[]): ScienceModule {
  const { name, version, about, inputs, outputs } = header;
  return {
    name,
    version,
    surveys,
    about,
    models: [name],
    needs: [...new Set(inputs.flatMap(({ columns }) => columns ?? []))],
    adds: outputs.flatMap(({ column }) => column ?? []),
    run: async (alerts, context) => await scoresOf(await loadedModel(context, name), alerts),
  };
}

const batchAlerts = 256;

async function scoresOf(model: Model, alerts: Alerts): Promise<Record<string, Values>> {
  const { inputs, outputs } = model.header;
  const complete = Array.from({ length: alerts.count }, (_, i) => i).filter((i) =>
    inputs.every(
      ({ columns, missing }) =>
        missing !== undefined || columns!.every((path) => !Number.isNaN(alerts.numbers(path)[i])),
    ),
  );
  const missing = new Uint8Array(alerts.count).fill(1);
  for (const i of complete) missing[i] = 0;
  const columns = outputs.flatMap(({ name, element, column }) =>
    column ? [{ name, element, column, values: new arrays[column.type](alerts.count) }] : [],
  );
  for (let first = 0; first < complete.length; first += batchAlerts) {
    const some = complete.slice(first, first + batchAlerts);
    const found = await model.run(
      Object.fromEntries(inputs.map((input) => [input.name, feed(model, input, alerts, some)])),
    );
    for (const { name, element, values } of columns) {
      const { data } = found[name];
      some.forEach((i, n) => (values[i] = Number(data[(n * data.length) / some.length + element])));
    }
  }
  return Object.fromEntries(
    columns.map(({ column, values }) => [column.name, { values, missing }]),
  );
}

const arrays = {
  int: Int32Array,
  float: Float32Array,
  double: Float64Array,
} as const satisfies Record<
  NonNullable<ModelHeader["outputs"][number]["column"]>["type"] & AddedColumn["type"],
  unknown
>;

/** [alerts, columns], or [alerts] where the model wants one value each. */
function feed(
  model: Model,
  { name, columns, missing }: ModelHeader["inputs"][number],
  alerts: Alerts,
  some: readonly number[],
) {
  const { type, shape } = model.inputs.get(name)!;
  const all = columns!.map((path) => alerts.numbers(path));
  const data = some.flatMap((i) =>
    all.map((values) => (Number.isNaN(values[i]) ? Number(missing) : values[i])),
  );
  return tensorOf(
    { data, shape: shape.length === 1 ? [some.length] : [some.length, all.length] },
    type,
  );
}
