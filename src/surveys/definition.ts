import { z } from "zod";

/** A dotted path into an alert, e.g. `candidate.jd`. */
const path = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/);

/** One path, or several of which the first that the alert has counts. */
const paths = z.union([path.transform((p) => [p]), z.array(path).min(1)]);

/** What `conf/surveys/<name>.yaml` holds: which field is what. The code knows no survey by name. */
export const surveySchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/)
    .describe("Name of the survey: folder in the lake and schema in SQL"),
  title: z.string().default("").describe("Full name, shown on pages"),
  match: z
    .array(
      z.strictObject({
        schema: z.string().describe("Avro full name of a packet; * stands for anything"),
        fields: z
          .array(path)
          .default([])
          .describe("Fields it must have besides, for packets whose name does not tell"),
      }),
    )
    .default([])
    .describe("How its packets are known; of several surveys the one that asks for most fields"),
  topics: z.array(z.string()).default([]).describe("Its Kafka topics; * stands for anything"),
  alert: paths.optional().describe("Id of the alert"),
  object: paths.optional().describe("Id of the object the alert belongs to"),
  time: z
    .strictObject({
      field: paths,
      scale: z.enum(["jd", "mjd"]).describe("Julian date or modified Julian date"),
      nightShiftHours: z
        .number()
        .default(0)
        .describe("Added to the time before its date names the night (-12: noon to noon UTC)"),
    })
    .optional(),
  position: z
    .strictObject({ ra: paths, dec: paths })
    .optional()
    .describe("Equatorial J2000, degrees"),
  band: z
    .strictObject({ field: paths, names: z.record(z.string(), z.string()).default({}) })
    .optional(),
  magnitude: z.strictObject({ field: paths, error: paths.optional() }).optional(),
  flux: z.strictObject({ field: paths, error: paths.optional() }).optional().describe("nJy"),
  cutouts: z
    .strictObject({ science: paths, template: paths, difference: paths })
    .optional()
    .describe("FITS images, gzipped or not"),
  history: z
    .strictObject({ detections: paths.optional(), forced: paths.optional() })
    .optional()
    .describe(
      "Lists of structures with earlier measurements that come with an alert; an entry without a flux is an upper limit",
    ),
  solarSystem: paths.optional().describe("Designation of the known solar-system object it is"),
  none: z
    .array(
      z.strictObject({
        values: z
          .array(z.union([z.string(), z.number()]))
          .min(1)
          .describe("Texts or numbers"),
        fields: z.array(path).min(1).describe("Fields in which they do"),
      }),
    )
    .default([])
    .describe("Values that stand for none, field by field; null and NaN do in every field"),
  names: z
    .array(path)
    .default([])
    .describe("Columns of science with names that others gave the object, such as TNS's"),
  class: z
    .strictObject({
      flags: z
        .record(path, z.string())
        .default({})
        .describe("Columns that are true for alerts of a class, and its name; they come first"),
      field: paths,
      names: z.record(z.string(), z.string()).default({}),
      groups: z
        .record(z.string(), z.array(z.string()))
        .default({})
        .describe("Names under which several classes are found"),
    })
    .optional()
    .describe("Columns of science that say what it is; the first that is not null counts"),
});

export type Survey = z.output<typeof surveySchema>;

/** Every column that a definition names. */
export function pathsOfSurvey(survey: Survey): string[] {
  const {
    alert,
    object,
    time,
    position,
    band,
    magnitude,
    flux,
    cutouts,
    history,
    solarSystem,
    names,
    none,
  } = survey;
  const lists = [
    alert,
    object,
    time?.field,
    position?.ra,
    position?.dec,
    band?.field,
    magnitude?.field,
    magnitude?.error,
    flux?.field,
    flux?.error,
  ];
  const more = [
    ...Object.values(cutouts ?? {}),
    ...Object.values(history ?? {}),
    solarSystem,
    survey.class?.field,
    Object.keys(survey.class?.flags ?? {}),
    names,
    ...none.map(({ fields }) => fields),
  ];
  return [...lists, ...more].flatMap((paths) => paths ?? []);
}
