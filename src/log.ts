import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

const levels: Readonly<Record<number, string>> = {
  20: "debug ",
  30: "",
  40: "WARN ",
  50: "ERROR ",
  60: "ERROR ",
};

/** Secrets are never written, wherever in a logged object they stand. */
const secrets = ["password", "sasl.password", "authorization"].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** Writes to stderr: a readable line each to a terminal, else JSON. */
export function createLogger(
  level: string,
  terminal: boolean = process.stderr.isTTY,
  write: (line: string) => void = writeStderr,
): Logger {
  const destination: DestinationStream = {
    write: terminal ? (line) => write(readable(line)) : write,
  };
  return pino({ level, base: undefined, redact: { paths: secrets, censor: "***" } }, destination);
}

/** A line that cannot be written (nobody reads them any more, the disk is full) ends nothing. */
function writeStderr(line: string): void {
  try {
    process.stderr.write(line, () => {});
  } catch {
    // a file on a full disk
  }
}

/** `12:34:56 archive WARN text key=value …` */
function readable(line: string): string {
  const { level, time, service, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 19);
  const fields = Object.entries(rest).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const error = isError(err) ? `: ${err.message}` : "";
  return `${clock} ${service ? `${String(service)} ` : ""}${levels[Number(level)] ?? ""}${String(msg ?? "")}${error}${fields.join("")}\n`;
}

function isError(value: unknown): value is { message: string } {
  return typeof value === "object" && value !== null && "message" in value;
}
