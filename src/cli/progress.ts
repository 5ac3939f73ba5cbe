/** A bar on a terminal's last line; nothing where there is no terminal. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #visible: boolean;
  readonly #startedAt = Date.now();

  constructor(stream: NodeJS.WriteStream, wanted: boolean) {
    this.#stream = stream;
    this.#visible = wanted && stream.isTTY;
  }

  /** `done` from 0 to 1. */
  show(done: number, text: string): void {
    if (!this.#visible) return;
    const share = Math.max(0, Math.min(1, done));
    const filled = Math.round(share * 30);
    const left = share > 0.01 ? ((Date.now() - this.#startedAt) * (1 - share)) / share / 1000 : 0;
    const line = `[${"█".repeat(filled)}${"░".repeat(30 - filled)}] ${(share * 100).toFixed(0).padStart(3)} % ${text}${left > 1 ? `, ${Math.ceil(left)} s left` : ""}`;
    this.#stream.write(`\r\x1b[K${line.slice(0, this.#stream.columns - 1)}`);
  }

  clear(): void {
    if (this.#visible) this.#stream.write("\r\x1b[K");
  }
}
