import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LakeReader } from "../api/lake-reader.ts";
import type { LakeView } from "../api/lake-view.ts";
import { PageLake } from "../api/pages/lake.ts";
import { startServer } from "../api/server.ts";
import { surveysOf } from "../archive/setup.ts";
import { FinkError, messageOf } from "../errors.ts";
import { surveysWith } from "../lake/tables.ts";
import { Sources } from "../serving/sources.ts";
import type { Service, ServiceContext } from "./service.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

export const ui: Service = { name: "ui", run: (context) => runUi(context) };

/** Serves the pages and the HTTP API until aborted. One DuckDB reads for all of them. */
export async function runUi(
  { config, lake, signal, once, status, log }: ServiceContext,
  view?: LakeView,
): Promise<void> {
  if (once) return; // there is nothing to work through
  const pages = await builtPages();
  const logError = (err: unknown, message: string) => log.error({ err }, message);
  const surveys = surveysOf(config);
  const sources = new Sources(lake, surveys);
  const server = await startServer({
    ...config.ui,
    api: config.api,
    lake,
    view: view ?? new LakeReader(lake, surveys, sources),
    pageLake: new PageLake(
      lake,
      surveys,
      { ...config.filters, science: config.science },
      sources,
      logError,
    ),
    sources,
    filters: config.filters,
    aggregationFolder: config.aggregation.folder,
    pages,
    logError,
  });
  status({ state: "running", url: server.url });
  log.info(`pages on ${server.url}`);
  // reads the newest commits while nobody waits for them
  for (const survey of surveysWith(lake, "raw")) void sources.columns(survey).catch(() => null);
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await server.close();
  await sources.close();
}

/** Folder of the pages; builds them when there are none or their sources are newer. */
export async function builtPages(project = root): Promise<string> {
  const folder = join(project, "dist/web");
  const built = await changedAt(join(folder, "index.html"));
  const sources = [
    join(project, "vite.config.ts"),
    ...(await filesBelow(join(project, "src/web"))),
  ];
  const changes = await Promise.all(sources.map(changedAt));
  if (built > 0 && changes.every((at) => at <= built)) return folder;
  // built aside and then renamed: another process may serve the folder, or build it as well
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  await build(project, fresh);
  await rm(folder, { recursive: true, force: true });
  // the other one was faster
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true }));
  return folder;
}

/** In a process of its own: vite and its compilers keep 200 MB for as long as theirs lives. */
async function build(project: string, folder: string): Promise<void> {
  const vite = fileURLToPath(import.meta.resolve("vite/package.json")).replace(
    "package.json",
    "bin/vite.js",
  );
  const args = [
    vite,
    "build",
    "--config",
    join(project, "vite.config.ts"),
    "--logLevel",
    "warn",
    "--outDir",
    folder,
    "--emptyOutDir",
  ];
  // vite's would be left in the folder for temporary files
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" };
  await run(process.execPath, args, { env }).catch((error: unknown) => {
    throw new FinkError(
      "io",
      `the pages could not be built: ${messageOf((error as { readonly stderr?: string }).stderr ?? error)}`,
      error,
    );
  });
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}

/** ms since 1970; 0 when there is no such file. */
async function changedAt(file: string): Promise<number> {
  const found = await stat(file).catch(() => null);
  return found?.mtimeMs ?? 0;
}
