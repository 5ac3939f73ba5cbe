import { z } from "@hono/zod-openapi";
import type { Api, ApiDeps } from "../api.ts";
import { fileRoute, jsonRoute } from "../api.ts";
import { about } from "./about.ts";
import { docImage, docPages, docText } from "./docs.ts";
import { get, listed, missing, shaped } from "./route.ts";
import type { AboutAnswer, DocPage } from "./types.ts";

const path = z.object({ path: z.string().regex(/^[a-z0-9_./-]{1,100}$/) });

const routes = {
  about: jsonRoute(
    get("about", "pageAbout", "Versions, disk, surveys, catalogues and modules"),
    shaped<AboutAnswer>("About"),
  ),
  docs: jsonRoute(get("docs", "pageDocs", "Pages of the documentation"), listed<DocPage>()),
  doc: jsonRoute(
    { ...get("docs/text/{path}", "pageDoc", "One page, in Markdown"), request: { params: path } },
    z.object({ text: z.string() }),
  ),
  image: fileRoute(
    {
      ...get("docs/image/{path}", "pageDocImage", "A picture of the documentation"),
      request: { params: path },
    },
    "The picture",
    "image/svg+xml",
  ),
};

/** What this is, and how it is used. */
export function addAboutRoutes(app: Api, { pageLake }: ApiDeps): void {
  if (pageLake) app.openapi(routes.about, async (c) => c.json(await about(pageLake), 200));
  app.openapi(routes.docs, (c) => c.json(docPages(), 200));
  app.openapi(routes.doc, (c) => {
    const name = c.req.valid("param").path;
    return c.json({ text: docText(name) ?? missing(`there is no page ${name}`) }, 200);
  });
  app.openapi(routes.image, (c) => {
    const name = c.req.valid("param").path;
    const image = docImage(name) ?? missing(`there is no picture ${name}`);
    return c.body(new Uint8Array(image), 200, {
      "Content-Type": "image/svg+xml",
      "Cache-Control": "max-age=3600",
    });
  });
}
