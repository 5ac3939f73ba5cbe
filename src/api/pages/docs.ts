import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../config/load.ts";
import type { DocPage } from "./types.ts";

const folder = join(projectFolder, "docs");

/** Every page of docs/, with its first heading. */
export function docPages(): DocPage[] {
  const names = readdirSync(folder, { recursive: true }).map((path) =>
    String(path).replaceAll("\\", "/"),
  );
  const pages = names.filter((path) => path.endsWith(".md")).map((path) => path.slice(0, -3));
  return pages
    .map((name) => ({
      name,
      title: titleOf(readFileSync(join(folder, `${name}.md`), "utf8"), name),
    }))
    .sort((a, b) => order(a.name) - order(b.name) || (a.name < b.name ? -1 : 1));
}

/** Null when there is no such page. */
export function docText(name: string): string | null {
  return docPages().some((page) => page.name === name)
    ? readFileSync(join(folder, `${name}.md`), "utf8")
    : null;
}

/** An SVG beside the pages; null when there is none of that name. */
export function docImage(path: string): Buffer | null {
  if (!/^[a-z0-9_-]+(\/[a-z0-9_-]+)*\.svg$/.test(path)) return null;
  const file = join(folder, path);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file) : null;
}

function titleOf(text: string, name: string): string {
  return /^# (.+)$/m.exec(text)?.[1].replace(/`/g, "") ?? name;
}

/** What one reads first; reference last. */
function order(name: string): number {
  if (name.startsWith("reference/")) return 2;
  return name === "quickstart" ? 0 : 1;
}
