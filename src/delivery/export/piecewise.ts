import type { Data, Struct } from "apache-arrow";

/** A file that is written piece by piece, and can be gone on with after any piece. */
export interface ExportFormat {
  head(): Uint8Array;
  rows(data: Data<Struct>): Uint8Array;
  tail(): Uint8Array;
}
