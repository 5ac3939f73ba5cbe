import { gunzipSync } from "node:zlib";
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { type Api, type ApiDeps, fileRoute } from "./api.ts";
import { type CutoutKind, cutoutKinds, type LakeView } from "./lake-view.ts";

const MAX_FITS_BYTES = 64 * 2 ** 20;

const cutoutRoute = fileRoute(
  {
    method: "get",
    path: "/api/v1/cutouts/{survey}/{alertId}/{kind}",
    operationId: "cutout",
    summary: "An image of an alert, as the telescope sent it",
    request: { params: z.object({ survey: z.string(), alertId: z.string(), kind: z.string() }) },
  },
  "FITS",
  "application/fits",
);

export function addCutouts(app: Api, { view }: ApiDeps): void {
  app.openapi(cutoutRoute, (c) => cutout(c, view));
}

/** The FITS file as the telescope sent it. */
async function cutout(context: Context, view: LakeView): Promise<Response> {
  const { survey = "", alertId = "", kind = "" } = context.req.param();
  if (!isKind(kind))
    throw new HTTPException(404, {
      message: `no cutout named ${kind}: ask for ${cutoutKinds.join(", ")}`,
    });
  if (!/^[a-z][a-z0-9_]*$/.test(survey))
    throw new HTTPException(404, { message: `no survey named ${survey}` });
  const stored = await view.cutout(survey, alertId, kind);
  if (!stored)
    throw new HTTPException(404, { message: `no ${kind} cutout of ${survey} alert ${alertId}` });
  const gzipped = stored[0] === 0x1f && stored[1] === 0x8b;
  const passGzip = gzipped && /\bgzip\b/.test(context.req.header("Accept-Encoding") ?? "");
  const headers: Record<string, string> = {
    "Content-Type": "application/fits",
    "Content-Disposition": `inline; filename="${survey}-${alertId.replace(/[^\w.-]/g, "_")}-${kind}.fits"`,
    "Cache-Control": "public, max-age=31536000, immutable",
    Vary: "Accept-Encoding",
  };
  if (passGzip) headers["Content-Encoding"] = "gzip";
  const bytes =
    gzipped && !passGzip ? gunzipSync(stored, { maxOutputLength: MAX_FITS_BYTES }) : stored;
  return context.body(new Uint8Array(bytes), 200, headers);
}

function isKind(text: string): text is CutoutKind {
  return cutoutKinds.some((k) => k === text);
}
