import { messageOf } from "../errors.ts";
import type { ServiceContext } from "./service.ts";

/** Work that is done now and then. */
export interface Periodic {
  /** Does it once more, also when it fails, and then no more. */
  end(): Promise<void>;
}

/**
 * Does work every `ms`, and never ends the process: `Troubles` reports a failure, and the next turn
 * tries again. Skips a turn while the one before still runs. `what` completes "cannot …".
 */
export function periodically(
  troubles: Troubles,
  ms: number,
  what: string,
  work: () => void | Promise<void>,
): Periodic {
  let running: Promise<unknown> | null = null;
  const run = () => (running ??= troubles.during(what, work).finally(() => (running = null)));
  const timer = setInterval(() => void run(), ms);
  return {
    async end() {
      clearInterval(timer);
      await running;
      await run();
    },
  };
}

/**
 * Tasks at which a service fails at the moment. They are in the status, and /healthz is red, until
 * they succeed.
 */
export class Troubles {
  readonly #context: Pick<ServiceContext, "log" | "status">;
  readonly #reasons = new Map<string, string>();

  constructor(context: Pick<ServiceContext, "log" | "status">) {
    this.#context = context;
  }

  /** Does work. Null when it failed; never throws. */
  async during<T>(what: string, work: () => T | Promise<T>): Promise<T | null> {
    const { log } = this.#context;
    try {
      const done = await work();
      if (this.say(what, "")) log.info(`can ${what} again`);
      return done;
    } catch (error) {
      if (this.say(what, messageOf(error))) log.error({ err: error }, `cannot ${what}`);
      return null;
    }
  }

  /** Puts it into the status; an empty reason takes it out. False: it was known. */
  say(what: string, reason: string): boolean {
    if ((this.#reasons.get(what) ?? "") === reason) return false;
    if (reason === "") this.#reasons.delete(what);
    else this.#reasons.set(what, reason);
    this.#context.status({
      troubles: [...this.#reasons].map(([one, why]) => `cannot ${one}: ${why}`),
    });
    return true;
  }
}

/**
 * Why the lake or another durable file cannot be written or read; empty for errors of another kind.
 */
export function diskTrouble(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { syscall, code } = cause as NodeJS.ErrnoException;
    if (
      code === "ERR_SQLITE_ERROR" ||
      (syscall !== undefined && !/^(connect|getaddrinfo|read)$/.test(syscall)) ||
      cause.message.startsWith("IO Error")
    )
      return messageOf(cause);
  }
  return "";
}
