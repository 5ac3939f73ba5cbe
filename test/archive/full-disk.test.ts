import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { liveStatus, readServices } from "../../src/api/status.ts";
import { LakeTable } from "../../src/lake/table.ts";
import { instance } from "../../src/services/run-state.ts";
import { type KafkaBroker, kafkaLib, startKafka } from "../kafka/broker.ts";
import { until } from "../kafka/reading.ts";
import { createTopic, produce } from "../kafka/topics.ts";
import { available } from "../require.ts";
import { damagedPacket, packet } from "./alerts.ts";
import { lakeContent } from "./lake-content.ts";
import { type FinkProcess, startFink } from "./process.ts";

const numbers = Array.from({ length: 240 }, (_, number) => number);
const isDamaged = (number: number): boolean => number % 10 === 7;
const message = (number: number): Buffer =>
  isDamaged(number) ? damagedPacket(number) : packet(number);
const isFull = "the lake cannot be written, trying again: ENOSPC: no space left on device, write";

/** The lake of all alerts takes about 220 kB of the disk: with this beside it, it does not fit. */
const diskBytes = 320 << 10;
const ballastBytes = 160 << 10;

const lib = kafkaLib();

describe.skipIf(
  !available("tmpfs", canMount(), "the tests of a full disk: mounting a tmpfs needs root"),
)("on a full disk", { timeout: 60_000 }, () => {
  let folder = "";
  let disk = "";
  let lake = "";
  let broker: KafkaBroker | null = null;
  beforeAll(async () => {
    broker = lib === null ? null : await startKafka(lib);
  }, 120_000);
  afterAll(() => broker?.destroy());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fink-full-"));
    disk = join(folder, "disk");
    lake = join(disk, "lake");
    mount(disk, diskBytes);
    writeFileSync(join(disk, "ballast"), Buffer.alloc(ballastBytes));
  });
  afterEach(() => {
    execFileSync("umount", ["-l", disk]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Puts the messages where the archive finds them. */
  const publish = async (source: "files" | "kafka"): Promise<Published> => {
    if (source === "kafka") {
      const topic = `sky_${basename(folder).toLowerCase()}`;
      const address = broker!.at.PLAINTEXT;
      await createTopic(address, topic, 1);
      await produce(
        address,
        topic,
        numbers.map((number) => ({ partition: 0, value: message(number) })),
      );
      return {
        settings: {
          FINK_KAFKA_BROKERS: address,
          FINK_KAFKA_TOPICS: topic,
          FINK_KAFKA_GROUP: topic,
        },
        keyOf: (number) => `${topic}/0/${number}`,
      };
    }
    const alerts = join(folder, "alerts");
    const fileOf = (number: number) => join(alerts, `${String(number).padStart(3, "0")}.avro`);
    mkdirSync(alerts);
    for (const number of numbers) writeFileSync(fileOf(number), message(number));
    const settings = {
      FINK_ARCHIVE_SOURCES: "files",
      FINK_FILES_WATCH: alerts,
      FINK_FILES_EVERY_SECONDS: "0.5",
    };
    return { settings, keyOf: (number) => `${fileOf(number)}/0/0` };
  };
  const startArchive = ({ settings }: Published, ...more: string[]): FinkProcess =>
    startFink(["start", "archive", ...more], {
      FINK_LAKE: lake,
      FINK_ARCHIVE_BATCH_ALERTS: "20",
      ...settings,
    });
  const status = () => instance(lake, "archive")?.status;
  const saysThatItIsFull = () =>
    until("the status says that the disk is full", () => status()?.message === isFull);
  const expectAll = async ({ keyOf }: Published) => {
    const { raw, rejected, wrong } = await lakeContent(lake);
    expect(raw.toSorted()).toEqual(
      numbers
        .filter((n) => !isDamaged(n))
        .map(keyOf)
        .sort(),
    );
    expect(rejected.toSorted()).toEqual(numbers.filter(isDamaged).map(keyOf).sort());
    expect(wrong).toEqual([]);
  };

  describe.each(lib === null ? (["files"] as const) : (["files", "kafka"] as const))(
    "the archive of %s",
    (source) => {
      it("says so and waits; when there is room it goes on and has everything once", async () => {
        const published = await publish(source);
        const archive = startArchive(published);
        await saysThatItIsFull();
        expect(liveStatus(readServices(lake), Date.now()).problems).toEqual([
          expect.stringContaining("archive cannot write the lake: ENOSPC"),
        ]);
        await sleep(3000);
        expect(archive.output().split("ENOSPC").length - 1).toBe(1); // said once, not at every try
        makeRoom(disk);
        await until(
          "all is well and committed",
          () =>
            status()?.message === "" &&
            status()?.archive?.archived === numbers.filter((n) => !isDamaged(n)).length,
        );
        archive.child.kill("SIGTERM");
        expect(await archive.ended).toMatchObject({ code: 0 });
        await expectAll(published);
        for (const kind of ["raw", "rejected"])
          expect(dataFiles(lake, kind)).toEqual(
            [...new LakeTable(join(lake, "sky", kind)).snapshot.files.keys()].sort(),
          );
      });

      it("stops when it is told to and says why; a later start has everything once", async () => {
        const published = await publish(source);
        const archive = startArchive(published);
        await saysThatItIsFull();
        const stoppedAt = Date.now();
        archive.child.kill("SIGTERM");
        const { code, output } = await archive.ended;
        expect(code).toBe(1);
        expect(Date.now() - stoppedAt).toBeLessThan(15_000);
        expect(output).toContain(
          "fink: stopped before everything could be written, the rest will be read again: ENOSPC",
        );
        expect(instance(lake, "archive")).toMatchObject({ state: "failed", process: null });
        makeRoom(disk);
        expect(await startArchive(published, "--once").ended).toMatchObject({ code: 0 });
        await expectAll(published);
      });
    },
  );

  it("a start says what to do", async () => {
    fill(join(disk, "more ballast"));
    const { code, output } = await startArchive(await publish("files")).ended;
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(
        /^fink: the lake cannot be written \(ENOSPC: .*\); make room on its disk/,
      ),
    });
  });
});

interface Published {
  readonly settings: Readonly<Record<string, string>>;
  readonly keyOf: (number: number) => string;
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "fink-mount-"));
  try {
    mount(folder, 1 << 20);
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mount(folder: string, bytes: number): void {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], {
    stdio: "ignore",
  });
}

function makeRoom(disk: string): void {
  rmSync(join(disk, "ballast"));
}

/** Takes what is left of the disk. */
function fill(file: string): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(1024), { flag: "a" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

/** Paths below the table's folder, sorted. */
function dataFiles(lake: string, kind: string): string[] {
  const names = readdirSync(join(lake, "sky", kind), { recursive: true }) as string[];
  return names.filter((name) => name.endsWith(".parquet") && !name.startsWith("_delta_log")).sort();
}
