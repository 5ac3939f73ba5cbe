import { html, raw } from "hono/html";
import type { Api } from "./api.ts";

const info = {
  openapi: "3.1.0",
  info: {
    title: "Fink",
    version: "1",
    description:
      "Alerts, objects, positions, cutouts and counts of one lake. Fink's own scripts work here: docs/api.md.",
  },
};

type Operation = { readonly summary?: string; readonly parameters?: readonly Parameter[] };
type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: { readonly description?: string; readonly default?: unknown };
};

/** The OpenAPI document, made of the schemas that check the requests. */
export function openApi(app: Api) {
  return app.getOpenAPI31Document(info);
}

/** `/api/openapi.json`, and the same for people at `/api/docs`. */
export function addDocs(app: Api): void {
  app.get("/api/openapi.json", (c) => c.json(openApi(app)));
  app.get("/api/docs.css", (c) =>
    c.body(style, 200, { "Content-Type": "text/css; charset=utf-8" }),
  );
  app.get("/api/docs", (c) => {
    const paths = Object.entries(openApi(app).paths ?? {}).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Operation>).map(([method, operation]) =>
        section(method, path, operation),
      ),
    );
    return c.html(
      html`<!doctype html>
        <html lang="en">
          <head>
            <meta charset="utf-8" />
            <title>Fink: API</title>
            <meta name="viewport" content="width=device-width" />
            <link rel="stylesheet" href="/api/docs.css" />
          </head>
          <body>
            <main>
              <h1>API</h1>
              <p>For programs: <a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
              ${paths}
            </main>
          </body>
        </html>`,
    );
  });
}

function section(method: string, path: string, { summary, parameters = [] }: Operation) {
  const rows = parameters.map(({ name, required, schema }) => {
    const fallback =
      schema?.default === undefined ? "" : `default ${JSON.stringify(schema.default)}`;
    return html`<tr>
      <th scope="row"><code>${name}</code></th>
      <td>${required ? "required" : fallback}</td>
      <td>${schema?.description ?? ""}</td>
    </tr>`;
  });
  return html`<section>
    <h2><code>${method.toUpperCase()} ${path}</code></h2>
    <p>${summary ?? ""}</p>
    ${
      rows.length === 0
        ? raw("")
        : html`<table>
            ${rows}
          </table>`
    }
  </section>`;
}

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}main{max-width:60rem;margin:auto;padding:1rem}
h2{font-size:1rem;margin:1.5rem 0 0}p{margin:.25rem 0}th{text-align:left;font-weight:normal}td,th{padding:.1rem 1rem .1rem 0;vertical-align:top}`;
