import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { type ErrorCode, FinkError, messageOf } from "./errors.ts";

export interface ProcessLimits {
  /** Of V8's heap. */
  readonly heapMegabytes: number;
  /**
   * Of everything the process has in memory: V8's own limit counts neither buffers nor native code.
   */
  readonly residentMegabytes: number;
}

interface Question {
  readonly number: number;
  readonly asked: unknown;
}

type Answer = { readonly value: unknown } | { readonly error: string; readonly code: ErrorCode };

/** The process ended before it answered. */
export class ProcessEnded extends FinkError {
  readonly why: "time" | "memory" | "exit";
  constructor(why: ProcessEnded["why"], message: string) {
    super("internal", message);
    this.why = why;
  }
}

/**
 * A process that runs what may hang, crash or take all memory. It is killed, with the processes it
 * has started, when it takes too long; the next question starts another. A thread does not do:
 * native code cannot be stopped in it (DuckDB hears no interrupt while it plans), and ending one
 * while native code loads can abort the whole service. Of our environment it gets only what Node
 * and the allocator need and where temporary files go, so that it knows no secret.
 */
export class KillableProcess {
  readonly #file: string;
  readonly #limits: ProcessLimits;
  #child: ChildProcess | null = null;
  #asked = 0;

  /** `file` calls `answerQuestions`. */
  constructor(file: string, limits: ProcessLimits) {
    [this.#file, this.#limits] = [file, limits];
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /**
   * Throws ProcessEnded, and the FinkErrors of the other side. Questions and answers are copied as
   * `structuredClone` does.
   */
  async ask(asked: unknown, seconds: number, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    const child = (this.#child ??= this.#start());
    const number = ++this.#asked;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // The code that runs there can send messages of its own. Only the answer to this question
    // counts.
    const onMessage = (message: unknown) => {
      if (!isAnswerTo(message, number)) return;
      const { answer } = message;
      if ("value" in answer) resolve(answer.value);
      else reject(new FinkError(answer.code, answer.error));
    };
    const onExit = (code: number | null, ended: string | null) => reject(this.#ended(code, ended));
    // it could not be started, or has ended and we have not heard yet
    const onError = (error: Error) =>
      reject(new ProcessEnded("exit", `its process cannot be asked (${messageOf(error)})`));
    const onAbort = () => reject(signal?.reason);
    const timer = setTimeout(
      () => reject(new ProcessEnded("time", `it took longer than ${seconds} s and was stopped`)),
      seconds * 1000,
    );
    child.on("message", onMessage).on("error", onError).on("exit", onExit);
    signal?.addEventListener("abort", onAbort);
    if (child.connected) child.send({ number, asked } satisfies Question);
    let isAnswered = false;
    try {
      const value = await promise;
      isAnswered = true;
      return value;
    } catch (error) {
      isAnswered = error instanceof FinkError && !(error instanceof ProcessEnded);
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      child.off("message", onMessage).off("error", onError).off("exit", onExit);
      if (!isAnswered) await this.close();
    }
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      return;
    child.ref();
    const exit = once(child, "exit");
    killGroup(child);
    await exit;
  }

  #ended(code: number | null, signal: string | null): ProcessEnded {
    const { heapMegabytes, residentMegabytes } = this.#limits;
    if (signal !== "SIGKILL" && signal !== "SIGABRT")
      return new ProcessEnded("exit", `it ended its process (${signal ?? `code ${code}`})`);
    const limits = `${residentMegabytes} MB, ${heapMegabytes} MB of them for JavaScript's objects`;
    return new ProcessEnded(
      "memory",
      `it ended its process (${signal}); it may have needed more memory than it may have (${limits})`,
    );
  }

  #start(): ChildProcess {
    const { heapMegabytes, residentMegabytes } = this.#limits;
    const kept = passedOn.flatMap((key) =>
      process.env[key] === undefined ? [] : [[key, process.env[key]] as const],
    );
    const child = fork(this.#file, {
      env: Object.fromEntries([...kept, [watchKey, `${process.pid} ${residentMegabytes}`]]),
      execArgv: [
        `--max-old-space-size=${heapMegabytes}`,
        "--max-semi-space-size=8",
        "--disable-warning=ExperimentalWarning",
      ],
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true, // with a group of its own, which is killed with what it has started
    });
    child.unref();
    child.channel?.unref();
    passOnPrinted(child);
    child.on("error", () => {}); // one that nobody hears would end the process
    child.on("exit", () => {
      killGroup(child);
      if (this.#child === child) this.#child = null;
    });
    return child;
  }
}

/** The process, and what it has started. */
function killGroup({ pid }: ChildProcess): void {
  try {
    process.kill(-pid!, "SIGKILL");
  } catch {
    // they have ended
  }
}

/** Bytes. */
const mostPrinted = 65_536;

/**
 * What a process prints goes to our stderr, not among the results of a command, and not without
 * end.
 */
function passOnPrinted({ stdout, stderr }: ChildProcess): void {
  let left = mostPrinted;
  for (const printed of [stdout, stderr]) {
    (printed as Socket).unref();
    printed?.on("data", (bytes: Buffer) => {
      if (left > 0) process.stderr.write(bytes.subarray(0, left));
      if (left > 0 && bytes.length >= left)
        process.stderr.write("\n… what this process prints after its first 64 KB is not shown\n");
      left -= bytes.length;
    });
  }
}

const watchKey = "FINK_WATCH";
const passedOn = ["NODE_COMPILE_CACHE", "MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "TMPDIR"];

function isAnswerTo(message: unknown, number: number): message is { readonly answer: Answer } {
  return (
    typeof message === "object" &&
    message !== null &&
    "number" in message &&
    message.number === number &&
    "answer" in message
  );
}

/** True in a process that a KillableProcess started with this file. */
export function isAsked(file: string): boolean {
  return (
    process.send !== undefined && process.argv[1] === file && process.env[watchKey] !== undefined
  );
}

/** In the process: answers until the one that asks is gone. */
export function answerQuestions(answerTo: (asked: unknown) => Promise<unknown>): void {
  // the service is told as well, and finishes what it does
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  process.on("disconnect", () => process.kill(0, "SIGKILL")); // 0: the group
  const [parent, megabytes] = (process.env[watchKey] ?? "").split(" ").map(Number);
  // code that never ends keeps the process from hearing that the service was killed, and from
  // counting its memory
  const isOver = `process.ppid !== ${parent} || process.memoryUsage.rss() > ${megabytes * 2 ** 20}`;
  new Worker(`setInterval(() => { if (${isOver}) process.kill(0, "SIGKILL"); }, 100)`, {
    eval: true,
  }).unref();
  process.on("message", ({ number, asked }: Question) => {
    const reply = (answer: Answer) => process.send!({ number, answer });
    answerTo(asked).then(
      (value) => reply({ value }),
      (error: unknown) =>
        reply({
          error: messageOf(error),
          code: error instanceof FinkError ? error.code : "internal",
        }),
    );
  });
}
