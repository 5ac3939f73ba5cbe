import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { LoadedConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { FinkError, messageOf } from "../../errors.ts";
import { logFolder, readLog } from "../../lake/log.ts";
import { checkWritable } from "../../lake/protocol.ts";
import { probeKafka } from "../../sources/kafka-probe.ts";
import { defineCommand } from "../command.ts";

/** One thing that was looked at: how it is, or what to mend. */
interface Finding {
  readonly what: "configuration" | "kafka" | "lake";
  readonly ok: boolean;
  readonly text: string;
}

export const check = defineCommand({
  arguments: "",
  description: "Changes nothing. The exit code is 1 when something is to be mended.",
  example: "./fink check -c conf/fink.yaml",
  flags: z.object({}),
  async run(context) {
    const loaded = context.config({}, { quiet: true }); // the notes are among the findings
    const findings = [
      ...checkConfiguration(loaded),
      ...checkLake(loaded.config.lake),
      ...(await checkKafka(loaded.config)),
    ];
    if (context.json) context.print(JSON.stringify(findings, null, 2));
    else
      for (const { what, ok, text } of findings)
        context.print(`${ok ? "ok  " : "MEND"} ${what.padEnd(13)} ${text}`);
    return findings.every((finding) => finding.ok) ? 0 : 1;
  },
});

function checkConfiguration({ config, notes }: LoadedConfig): Finding[] {
  const paths = [config.surveys, config.schemas.folder, config.schemas.bare, ...config.files.watch];
  const missing = paths.filter((path) => path !== "" && !existsSync(path));
  return [
    { what: "configuration", ok: true, text: "valid; `./fink config` shows what is in force" },
    ...notes.map((text): Finding => ({ what: "configuration", ok: false, text })),
    ...missing.map((path): Finding => ({
      what: "configuration",
      ok: false,
      text: `${path} does not exist; make it, or take it out of the configuration`,
    })),
  ];
}

function checkLake(lake: string): Finding[] {
  return [writable(lake), ...tables(lake).map(readable)];
}

function writable(lake: string): Finding {
  try {
    const folder = nearestFolder(lake);
    tryWriting(join(folder, `.fink-check-${process.pid}`));
    const { bavail, bsize } = statfsSync(folder);
    const gigabytes = (bavail * bsize) / 1e9;
    // a ZTF night is some 20 GB; with less than this left the archive is about to stand still
    const enough = gigabytes >= 1;
    const isNew =
      folder === lake ? "" : "does not exist yet: the first service makes it, where it ";
    return {
      what: "lake",
      ok: enough,
      text: `${lake} ${isNew}has ${gigabytes.toFixed(1)} GB free${enough ? "" : "; make room, or move the lake"}`,
    };
  } catch (error) {
    return {
      what: "lake",
      ok: false,
      text: `${lake} cannot be written (${messageOf(error)}); mend its permissions, or name another with --lake`,
    };
  }
}

function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}

function tryWriting(file: string): void {
  const descriptor = openSync(file, "wx");
  try {
    writeSync(descriptor, "x");
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
    rmSync(file);
  }
}

/** Paths of the tables: `<lake>/<survey>/<kind>`. */
function tables(lake: string): string[] {
  return foldersIn(lake).flatMap((survey) =>
    foldersIn(survey).filter((table) => existsSync(logFolder(table))),
  );
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => join(folder, entry.name));
}

function readable(table: string): Finding {
  try {
    const snapshot = readLog(table);
    checkWritable(table, snapshot);
    return {
      what: "lake",
      ok: true,
      text: `${table}: version ${snapshot.version}, ${snapshot.files.size} files`,
    };
  } catch (error) {
    return {
      what: "lake",
      ok: false,
      text: error instanceof FinkError ? error.message : `${table}: ${messageOf(error)}`,
    };
  }
}

async function checkKafka({ archive, kafka }: Config): Promise<Finding[]> {
  if (!archive.sources.includes("kafka"))
    return [{ what: "kafka", ok: true, text: "not used (archive.sources)" }];
  const { brokers, topics, problem } = await probeKafka(kafka);
  const found = topics.map(({ topic, partitions }): Finding => {
    const messages = partitions.reduce((sum, partition) => sum + partition.end, 0n);
    return {
      what: "kafka",
      ok: true,
      text: `${topic}: ${partitions.length} partitions, ${messages} messages so far`,
    };
  });
  const contact: Finding[] =
    brokers.length > 0
      ? [{ what: "kafka", ok: true, text: `reached ${brokers.join(", ")} (${kafka.security})` }]
      : [];
  return [
    ...contact,
    ...found,
    ...(problem ? [{ what: "kafka", ok: false, text: problem.message } as const] : []),
  ];
}
