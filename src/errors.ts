/** What kind of thing went wrong; the text says which one and what to do about it. */
export type ErrorCode =
  | "usage" // a wrong flag, argument or command
  | "config" // a wrong key or value in a configuration
  | "avro" // bytes that are not what their schema or framing says
  | "schema" // a schema that cannot be had, read or stored
  | "type-conflict" // a field whose type the table's column cannot hold
  | "kafka" // a broker, topic or credential
  | "lake" // the lake's log or files
  | "fenced" // another writer moved a position on; what was read has to be read again
  | "io" // disk or network
  | "sql" // a query
  | "model" // an ONNX model that is missing, wrong or not what it says
  | "filter" // a filter that cannot be used
  | "delivery" // a target that did not take what was sent
  | "internal";

/** An error whose message is meant for the user: it names the value and what to do. */
export class FinkError extends Error {
  override readonly name = "FinkError";
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The text of anything thrown, in one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0];
}
