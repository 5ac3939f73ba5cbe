/** What is wrong, by who noticed. It is announced when it lasts, and when it is over: once each. */
export class KafkaTroubles {
  readonly #since = new Map<string, { message: string; at: number }>();
  readonly #announce: (message: string) => void;
  #announced = "";

  /** `announce` gets all that is wrong in one line, or nothing when all is well. */
  constructor(announce: (message: string) => void) {
    this.#announce = announce;
  }

  /** An empty message: it is over. */
  set(about: string, message: string, now = Date.now()): void {
    if (message === "") this.#since.delete(about);
    else this.#since.set(about, { message, at: this.#since.get(about)?.at ?? now });
  }

  /** To be called now and then. What lasts less than `patienceMs` is nobody's concern. */
  check(now = Date.now(), patienceMs = 2000): void {
    const lasting = [...this.#since.values()].filter(({ at }) => now - at >= patienceMs);
    const message = [...new Set(lasting.map((trouble) => trouble.message))].join("; ");
    if (message === this.#announced) return;
    this.#announced = message;
    this.#announce(message);
  }
}
