import { FinkError, messageOf } from "../../errors.ts";
import type { ModelHeader, ModelTest, TestTensor } from "./header.ts";
import type { Session, Tensor } from "./runtime.ts";

/**
 * Runs the header's tests. Resolves to the largest difference; throws "model" where one is larger
 * than the tolerance, or the model is not what the header says.
 */
export async function checkModel(
  session: Session,
  { name, inputs, outputs, tests, tolerance }: ModelHeader,
): Promise<number> {
  const unknown = inputs.find((input) => !session.inputs.has(input.name));
  if (unknown)
    throw new FinkError(
      "model",
      `${name} has no input ${unknown.name}; it has ${[...session.inputs.keys()].join(", ")}`,
    );
  const absent = outputs.find((output) => !session.outputs.includes(output.name));
  if (absent)
    throw new FinkError(
      "model",
      `${name} has no output ${absent.name}; it has ${session.outputs.join(", ")}`,
    );
  let largest = 0;
  for (const [i, test] of tests.entries()) {
    const difference = await differenceIn(session, test).catch((error: unknown) => {
      throw new FinkError(
        "model",
        `${name}: test ${i + 1} of ${tests.length}: ${messageOf(error)}`,
        error,
      );
    });
    if (!(difference <= tolerance))
      throw new FinkError(
        "model",
        `${name}: test ${i + 1} of ${tests.length} is off by ${difference}, more than the tolerance ${tolerance}`,
      );
    largest = Math.max(largest, difference);
  }
  return largest;
}

async function differenceIn(session: Session, { inputs, outputs }: ModelTest): Promise<number> {
  const feeds = Object.entries(inputs).map(
    ([name, values]) => [name, tensorOf(values, session.inputs.get(name)?.type)] as const,
  );
  const found = await session.run(Object.fromEntries(feeds));
  return Math.max(
    ...Object.entries(outputs).map(([name, wanted]) => distance(found[name], wanted)),
  );
}

/** The largest difference of two elements; NaN is equal to NaN alone. */
function distance(found: Tensor | undefined, { data }: TestTensor): number {
  if (found?.data.length !== data.length) return Infinity;
  return data.reduce<number>((most, wanted, i) => {
    const value = Number(found.data[i]);
    if (Number.isNaN(value) || wanted === null)
      return Number.isNaN(value) && wanted === null ? most : Infinity;
    return Math.max(most, Math.abs(value - wanted));
  }, 0);
}

/** Numbers in the type of an input. */
export function tensorOf(
  { data, shape }: { readonly data: ArrayLike<number | null>; readonly shape: readonly number[] },
  type = "float32",
): Tensor {
  if (type === "int32") return { shape, data: Int32Array.from(data as ArrayLike<number>) };
  if (type === "int64")
    return { shape, data: BigInt64Array.from(data as ArrayLike<number>, (value) => BigInt(value)) };
  if (type !== "float32")
    throw new FinkError(
      "model",
      `an input of type ${type} cannot be given: models with float32, int32 and int64 can be run`,
    );
  return { shape, data: Float32Array.from(data, (value) => value ?? NaN) };
}
