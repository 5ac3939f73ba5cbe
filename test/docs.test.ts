import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../src/cli/commands.ts";
import { parseArguments } from "../src/cli/flags.ts";
import { otherVariables } from "../src/config/environment.ts";
import { configKeys, variableOf } from "../src/config/keys.ts";
import { yamlSettings } from "../src/config/settings.ts";
import { parseSurvey } from "../src/surveys/surveys.ts";
import { project } from "./cli/run.ts";

const pages = [...pagesIn("."), ...pagesIn("docs")].map((file) => {
  const text = readFileSync(join(project, file), "utf8");
  return { file, text, ...codeIn(text) };
});

test.each(pages)("links of $file lead somewhere", ({ file, text }) => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)];
  const broken = links.filter(([, path, anchor]) => {
    const target = path === "" ? join(project, file) : join(project, dirname(file), path);
    return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

test.each(pages)("commands of $file are accepted as they stand", async ({ blocks, spans }) => {
  const lines = [...blocks.map(({ code }) => code), ...spans].flatMap(commandLines);
  for (const [name, ...argv] of lines) {
    if (["help", "COMMAND", "--version"].includes(name)) continue;
    expect(Object.keys(commands), `./fink ${name}`).toContain(name);
    const command = await commands[name].load();
    if (argv.length > 0)
      expect(() => parseArguments(name, command, argv), argv.join(" ")).not.toThrow();
  }
});

test.each(pages)("configuration in $file is valid", ({ file, blocks }) => {
  for (const { code } of blocks.filter(({ language }) => language === "yaml")) {
    if (/^name:/m.test(code)) parseSurvey(code, file);
    else yamlSettings(code, file, project);
  }
});

test.each(pages)("keys and variables that $file names exist", ({ text, spans }) => {
  const keys = configKeys.map(({ key }) => key);
  const groups = [
    ...new Set(keys.flatMap((key) => (key.includes(".") ? [key.split(".")[0]] : []))),
  ];
  const named = spans.filter(
    (span) =>
      new RegExp(`^(${groups.join("|")})\\.[a-z]\\w*(\\.\\w+)*$`).test(span) &&
      !span.endsWith(".yaml"),
  );
  expect(
    named.filter((name) => !keys.some((key) => key === name || key.startsWith(`${name}.`))),
  ).toEqual([]);
  // the last two are names of the older KEY=VALUE form
  const variables = [
    ...Object.keys(otherVariables),
    ...keys.map(variableOf),
    "FINK_TRIGGER_UPDATE",
    "FINK_ALERT_PATH",
  ];
  expect(
    (text.match(/\bFINK_[A-Z_]*[A-Z]/g) ?? []).filter((name) => !variables.includes(name)),
  ).toEqual([]);
});

test.each(pages)("files and folders that $file names are there", ({ spans }) => {
  const named = spans.filter((span) => /^(src|test|docs|bench|conf|\.ci)\/[\w./-]*$/.test(span));
  // a file of conf/ may be the reader's own
  const missing = named.filter(
    (path) => !existsSync(join(project, path.startsWith("conf/") ? dirname(path) : path)),
  );
  expect(missing).toEqual([]);
});

test("the metrics of docs/operations.md are those of the server", () => {
  const metrics = (file: string) =>
    new Set(readFileSync(join(project, file), "utf8").match(/\bfink_[a-z_]+\b/g));
  expect([...metrics("docs/operations.md")].toSorted()).toEqual(
    [...metrics("src/api/metrics.ts")].toSorted(),
  );
});

test("CONTRIBUTING.md gives a reason for each dependency, and no other", () => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(project, "package.json"), "utf8"),
  );
  const rows =
    readFileSync(join(project, "CONTRIBUTING.md"), "utf8")
      .split("## Dependencies")[1]
      .match(/^\| `.*?\|/gm) ?? [];
  const listed = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  expect(listed.toSorted()).toEqual(
    Object.keys({ ...dependencies, ...devDependencies }).toSorted(),
  );
});

function pagesIn(folder: string): string[] {
  return readdirSync(join(project, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

/** Code blocks, and code within the text. */
function codeIn(text: string): { blocks: { language: string; code: string }[]; spans: string[] } {
  const fenced = /^```(\w*)\n([\s\S]*?)^```/gm;
  const indented = [...text.matchAll(/^ {4}\S.*$/gm)].map(([code]) => ({ language: "", code }));
  const blocks = [...text.matchAll(fenced)].map(([, language, code]) => ({ language, code }));
  const spans = [...text.replace(fenced, "").matchAll(/`([^`\n]+)`/g)].map(([, span]) => span);
  return { blocks: [...blocks.filter(({ language }) => language !== ""), ...indented], spans };
}

/**
 * The words of each `./fink …` in a shell's text, as the shell would make them, without `./fink`.
 */
function commandLines(text: string): string[][] {
  return [...text.matchAll(/\.\/fink ((?:"[^"]*"|'[^']*'|[^"'\n#;|&>`])*)/g)].map(([, line]) =>
    [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
      ([, double, single, bare]) => double ?? single ?? bare,
    ),
  );
}

/** Anchors as GitHub makes them of headings. */
function anchorsOf(file: string): string[] {
  const headings = readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
