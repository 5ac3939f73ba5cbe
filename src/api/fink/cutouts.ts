import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { numberArgument, shown, textArgument, WrongArgument } from "./arguments.ts";
import { arrayOf, colormaps, imageOf, kinds, png, readImages, stretches } from "./images.ts";
import { lsst, type Profile, ztf } from "./profile.ts";
import { readObjects } from "./read.ts";
import { type Asked, resource } from "./resource.ts";

const choose = (of: string, values: readonly string[]) => ({
  error: (issue: { input: unknown }) =>
    `\`${of}\` = ${shown(issue.input)}: choose among ${values.join(", ")}\n`,
});

const look = {
  kind: z.enum([...kinds, "All"], {
    error: (issue) =>
      issue.input === undefined
        ? "required"
        : `\`kind\` = ${shown(issue.input)}: choose among ${kinds.join(", ")}, All\n`,
  }),
  "output-format": z
    .enum(["PNG", "FITS", "array"], {
      error: () => "`output-format` must be one of: PNG, FITS, or array.\n",
    })
    .default("PNG"),
  stretch: z.enum(stretches, choose("stretch", stretches)).default("sigmoid"),
  colormap: z.enum(Object.keys(colormaps), choose("colormap", Object.keys(colormaps))).optional(),
  convolution_kernel: z
    .enum(["gauss", "box"], choose("convolution_kernel", ["gauss", "box"]))
    .optional(),
  pmin: numberArgument().optional(),
  pmax: numberArgument().optional(),
};

const id64 = (name: string) =>
  textArgument().refine((text) => /^\d{1,19}$/.test(text) && BigInt(text) < 2n ** 63n, {
    error: `\`${name}\` is a whole number\n`,
  });

export const ztfCutouts = resource({
  name: "cutouts",
  survey: "ztf",
  summary: "An image of an object's alert, the latest by default",
  arguments: z.object({ objectId: textArgument(), candid: id64("candid").optional(), ...look }),
  async answer(given, asked) {
    const { objectId, candid } = given;
    checkKind(given);
    const id = candid === undefined ? await latest(asked, objectId) : BigInt(candid);
    return await answered(asked, ztf, id, given, objectId);
  },
});

async function latest({ deps, signal }: Asked, objectId: string): Promise<bigint> {
  const found = await readObjects(
    deps,
    [objectId],
    { profile: ztf, columns: ["i:candid"], tail: "ORDER BY _mjd DESC, _alert DESC LIMIT 1" },
    signal,
  );
  const id = found.rows[0]?.[0];
  if (typeof id !== "bigint") throw new HTTPException(404, { message: `no alert of ${objectId}` });
  return id;
}

export const lsstCutouts = resource({
  name: "cutouts",
  survey: "lsst",
  summary: "An image of an alert",
  arguments: z.object({ diaSourceId: id64("diaSourceId"), ...look }),
  answer(given, asked) {
    checkKind(given);
    return answered(asked, lsst, BigInt(given.diaSourceId), given, given.diaSourceId);
  },
});

type Given = z.output<z.ZodObject<typeof look>>;

function checkKind(given: Given): void {
  if (given.kind === "All" && given["output-format"] !== "array")
    throw new WrongArgument(
      "The option `kind=All` is only compatible with `output-format=array`.\n",
    );
}

async function answered(
  { context, deps, signal }: Asked,
  profile: Profile,
  id: bigint,
  given: Given,
  name: string,
): Promise<Response> {
  const { kind, "output-format": format } = given;
  const survey = deps.sources.survey(profile.survey);
  const object = profile.survey === "ztf" ? name : undefined;
  const files = await Promise.all(
    (kind === "All" ? kinds : [kind]).map(async (one) => ({
      one,
      file: (await readImages(deps, survey, [id], one, signal, object)).get(id),
    })),
  );
  const [{ file }] = files;
  if (!file) throw new HTTPException(404, { message: `no ${kind} cutout of ${name}` });
  const attachment = (ending: string) => ({
    "Content-Disposition": `attachment; filename="${name.replace(/[^\w.-]/g, "_")}_${kind}.${ending}"`,
  });
  if (format === "FITS")
    return context.body(new Uint8Array(file), 200, {
      "Content-Type": "application/fits",
      ...attachment("fits"),
    });
  const images = files.map(({ one, file: bytes }) => ({
    one,
    image: bytes ? imageOf(bytes) : null,
  }));
  const [{ image }] = images;
  if (!image)
    throw new HTTPException(422, {
      message: `the ${kind} cutout of ${name} is no FITS image: ask for output-format=FITS`,
    });
  if (format === "array") {
    const suffix = profile.survey === "ztf" ? "_stampData" : "";
    return context.json(
      Object.fromEntries(
        images.flatMap(({ one, image: i }) => (i ? [[`b:cutout${one}${suffix}`, arrayOf(i)]] : [])),
      ),
    );
  }
  const body = png(image, {
    stretch: given.stretch,
    colormap: given.colormap,
    kernel: given.convolution_kernel,
  });
  return context.body(new Uint8Array(body), 200, {
    "Content-Type": "image/png",
    ...attachment("png"),
  });
}
