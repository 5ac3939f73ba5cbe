import { z } from "zod";
import { FinkError } from "../../errors.ts";
import type { TestTensor } from "./header.ts";

/**
 * The form in which Fink's models are published as ONNX: `<model>.json` says what goes in and names
 * the file of test cases. A case has the preprocessed input (`tensor` or `features`) and what the
 * ONNX file gave (`onnx`).
 */
const publishedSchema = z.object({
  model: z.string(),
  kind: z.string(),
  origin: z.object({ repository: z.string(), licence: z.string(), commit: z.string().optional() }),
  inputs: z
    .array(z.object({ name: z.string(), shape: z.array(z.union([z.string(), z.number()])) }))
    .min(1),
  outputs: z.array(z.object({ name: z.string() })).min(1),
  vectors: z.object({ file: z.string() }),
  spec: z.unknown().optional(),
  pcs: z.unknown().optional(),
  feature_columns: z.unknown().optional(),
});
type Published = z.output<typeof publishedSchema>;

const value = z.union([z.number(), z.null()]);
const row = z.array(value);
const caseSchema = z.object({
  tensor: z.union([row, z.array(row)]).nullish(),
  tensor_numeric: z.array(row).nullish(),
  tensor_onehot_index: z.array(z.int()).nullish(),
  features: row.nullish(),
  features_fid1: row.nullish(),
  features_fid2: row.nullish(),
  onnx: z.union([value, row]).nullish(),
  onnx_r_model_on_fid1: value.optional(),
  onnx_g_model_on_fid2: value.optional(),
});
type Case = z.output<typeof caseSchema>;
const vectorsSchema = z.object({
  cases: z.array(caseSchema),
  numeric_column_positions: z.array(z.int()).optional(),
});

/** Our header of a published model, not yet checked. `read` gives the file of test cases. */
export function publishedHeader(
  json: unknown,
  read: (file: string) => unknown,
  stem: string,
): unknown {
  const published = publishedSchema.safeParse(json);
  if (!published.success)
    throw new FinkError(
      "model",
      `the description of ${stem} is neither a header nor of the published form: ${published.error.issues[0].message}`,
    );
  const { kind, origin, inputs, outputs, vectors, spec, pcs, feature_columns } = published.data;
  const { cases, numeric_column_positions } = vectorsSchema.parse(read(vectors.file));
  return {
    name: stem,
    version: origin.commit?.slice(0, 7) ?? "published",
    about: `${kind}. ${origin.repository}, ${origin.licence}`,
    inputs: inputs.map(({ name }) => ({ name })),
    outputs: outputs.map(({ name }) => ({ name })),
    parameters: { spec, pcs, feature_columns },
    tests: cases.flatMap(
      (one) => testOf(one, published.data, stem, numeric_column_positions) ?? [],
    ),
  };
}

function testOf(
  one: Case,
  { inputs, outputs }: Published,
  stem: string,
  positions?: number[],
): object | null {
  const [features, found] = forOneBand(one, stem) ?? [one.tensor ?? one.features, one.onnx];
  const width = Number(inputs[0].shape.at(-1));
  const rows = one.tensor_numeric
    ? withOneHot(one.tensor_numeric, one.tensor_onehot_index!, width, positions)
    : features;
  if (rows === null || rows === undefined || found === null || found === undefined) return null;
  const probabilities = Array.isArray(found) ? found : [found];
  const wanted = { [outputs[0].name]: { shape: [1, probabilities.length], data: probabilities } };
  if (!isMatrix(rows))
    return rows.includes(null) && stem.startsWith("anomaly")
      ? null
      : { inputs: { [inputs[0].name]: { shape: [1, width], data: rows } }, outputs: wanted };
  // a length that is fixed is reached by rows of this padding
  const length = typeof inputs[0].shape[1] === "number" ? inputs[0].shape[1] : rows.length;
  const padded = [
    ...rows,
    ...Array.from({ length: length - rows.length }, () => [-999, -999, -999, 0]),
  ];
  const tensor: TestTensor = { shape: [1, length, width], data: padded.flat() };
  const lengths = inputs.length > 1 && { [inputs[1].name]: { shape: [1], data: [rows.length] } };
  return { inputs: { [inputs[0].name]: tensor, ...lengths }, outputs: wanted };
}

/**
 * The anomaly forests share their cases; the file r is run on fid 1, and g on fid 2, as the
 * original does.
 */
function forOneBand(one: Case, stem: string): [Case["features"], Case["onnx"]] | null {
  if (stem.endsWith("_r")) return [one.features_fid1, one.onnx_r_model_on_fid1];
  return stem.endsWith("_g") ? [one.features_fid2, one.onnx_g_model_on_fid2] : null;
}

/** Rows whose one-hot part is given by its place among the columns that are not numeric. */
function withOneHot(
  numeric: readonly (number | null)[][],
  hot: readonly number[],
  width: number,
  positions = numeric[0].map((_, i) => i),
): (number | null)[][] {
  const others = Array.from({ length: width }, (_, i) => i).filter((i) => !positions.includes(i));
  return numeric.map((values, r) => {
    const full: (number | null)[] = Array.from({ length: width }, () => 0);
    values.forEach((x, i) => (full[positions[i]] = x));
    if (hot[r] >= 0) full[others[hot[r]]] = 1;
    return full;
  });
}

function isMatrix(
  rows: readonly (number | null)[] | readonly (number | null)[][],
): rows is readonly (number | null)[][] {
  return Array.isArray(rows[0]);
}
