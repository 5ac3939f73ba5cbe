import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { FinkError, messageOf } from "../../errors.ts";
import { binaryTable } from "../../science/catalogue/fits.ts";
import { type Area, areaOf, type AreaShape, areaShape, unpacked } from "./area.ts";

/** An area, and the header of its FITS file that says when the event was. */
export interface ReadArea {
  readonly area: Area;
  readonly observed: { readonly mjd: string | undefined; readonly date: string | undefined };
}

interface Asked {
  readonly areaBytes: Uint8Array;
  readonly level: number;
}

type Answer =
  | { readonly shape: AreaShape; readonly observed: ReadArea["observed"] }
  | { readonly error: string };

const mostSeconds = 30;
const megabytes = 1024;

/**
 * Reads an area in a thread of its own, so that a large sky map, or a damaged file, keeps nobody
 * waiting. Throws "io" for one that cannot be read, and for one that takes more than 30 s.
 */
export async function readAreaInThread(
  bytes: Buffer,
  level: number,
  signal: AbortSignal,
): Promise<ReadArea> {
  signal.throwIfAborted();
  const asked: Asked = { areaBytes: bytes, level };
  const worker = new Worker(import.meta.filename, {
    workerData: asked,
    resourceLimits: { maxOldGenerationSizeMb: megabytes },
    env: {},
  });
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const onAbort = () => resolve({ error: "the request was ended" });
  const timer = setTimeout(
    () => resolve({ error: `reading it took more than ${mostSeconds} s` }),
    mostSeconds * 1000,
  );
  signal.addEventListener("abort", onAbort, { once: true });
  worker
    .on("message", resolve)
    .on("error", (error) => resolve({ error: messageOf(error) }))
    .on("exit", () => resolve({ error: "its thread ended" }));
  try {
    const answer = await promise;
    if ("error" in answer) throw new FinkError("io", answer.error);
    return { area: areaOf(answer.shape), observed: answer.observed };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

function answerTo({ areaBytes, level }: Asked): Answer {
  try {
    const bytes = unpacked(Buffer.from(areaBytes));
    const shape = areaShape(bytes, level);
    const cards =
      bytes.toString("latin1", 0, 9) === "SIMPLE  ="
        ? binaryTable(bytes).cards
        : new Map<string, string>();
    return { shape, observed: { mjd: cards.get("MJD-OBS"), date: cards.get("DATE-OBS") } };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

if (!isMainThread && (workerData as Partial<Asked> | null)?.areaBytes instanceof Uint8Array)
  parentPort?.postMessage(answerTo(workerData as Asked));
