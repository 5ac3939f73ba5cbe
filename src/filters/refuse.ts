import { FinkError } from "../errors.ts";

/** An error of a filter's text, with the line. */
export function refuse(text: string, at: number, message: string): FinkError {
  const bytes = Buffer.from(text);
  if (at < 0 || at > bytes.length) return new FinkError("filter", message);
  return new FinkError(
    "filter",
    `line ${bytes.subarray(0, at).toString().split("\n").length}: ${message}`,
  );
}
