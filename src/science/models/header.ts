import { z } from "zod";
import { FinkError } from "../../errors.ts";

const path = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/,
    "write a dotted path such as candidate.magpsf",
  );

/** null is NaN. */
const tensor = z.strictObject({
  shape: z.array(z.int().min(0)),
  data: z.array(z.number().nullable()),
});

/** What `<name>.json` says of `<name>.onnx`: docs/models.md. */
const headerSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/, "write lower case letters, digits and underscores"),
  version: z.string().regex(/^\S+$/, "write a version without spaces"),
  about: z.string().min(1),
  /**
   * Of the file as it is run, not compressed; added by `./fink model add` where it is not given.
   */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "write 64 hexadecimal digits")
    .optional(),
  /** Of a model that is a module by itself: the surveys it is for. */
  surveys: z.array(z.string()).min(1).optional(),
  inputs: z
    .array(
      z.strictObject({
        name: z.string(),
        /** Their values of one alert, in this order; only where the model is a module by itself. */
        columns: z.array(path).min(1).optional(),
        /**
         * What stands for a value that is missing. Without it an alert that lacks one is not
         * scored.
         */
        missing: z.union([z.number(), z.literal("NaN")]).optional(),
      }),
    )
    .min(1),
  outputs: z
    .array(
      z.strictObject({
        name: z.string(),
        /** Which of the values of an alert. */
        element: z.int().min(0).default(0),
        column: z
          .strictObject({
            name: path,
            type: z.enum(["int", "float", "double"]),
            unit: z.string().nullable(),
            description: z.string().min(1),
          })
          .optional(),
      }),
    )
    .min(1),
  tolerance: z.number().positive().default(1e-5),
  tests: z
    .array(
      z.strictObject({
        inputs: z.record(z.string(), tensor),
        outputs: z.record(z.string(), tensor),
      }),
    )
    .min(1),
  /** What the module that feeds the model has to know: normalisation, templates. */
  parameters: z.record(z.string(), z.unknown()).default({}),
});

export type ModelHeader = z.output<typeof headerSchema>;
export type ModelTest = ModelHeader["tests"][number];
export type TestTensor = z.output<typeof tensor>;

/** Throws "model" for what is no header; `file` is for the message. */
export function parseHeader(value: unknown, file: string): ModelHeader {
  const result = headerSchema.safeParse(value);
  if (!result.success) {
    const [{ path: at, message }] = result.error.issues;
    throw new FinkError("model", `${file}: ${at.length > 0 ? `${at.join(".")}: ` : ""}${message}`);
  }
  const { inputs, outputs, surveys } = result.data;
  const isModule = outputs.some(({ column }) => column !== undefined);
  if (!isModule) return result.data;
  const without = inputs.find(({ columns }) => columns === undefined);
  if (without)
    throw new FinkError(
      "model",
      `${file}: inputs: ${without.name} has no columns, but the outputs have: say what it is made from`,
    );
  if (surveys === undefined)
    throw new FinkError(
      "model",
      `${file}: surveys: say which surveys' alerts have these columns, e.g. ["ztf"]`,
    );
  return result.data;
}
