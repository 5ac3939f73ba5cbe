import { z } from "@hono/zod-openapi";

export const cutoutKinds = ["science", "template", "difference"] as const;
export type CutoutKind = (typeof cutoutKinds)[number];

/** One alert as the pages list it. */
export const latestAlertSchema = z
  .object({
    survey: z.string(),
    alertId: z.string().describe("The survey's id; one of 64 bits is a text here"),
    objectId: z.string().nullable(),
    mjd: z.number().nullable().describe("In the survey's own time scale (ZTF: UTC, LSST: TAI)"),
    ra: z.number().nullable().describe("Equatorial J2000, degrees"),
    dec: z.number().nullable(),
    band: z.string().nullable(),
    magnitude: z.number().nullable(),
    fluxNJy: z.number().nullable(),
    publishedAt: z.number().nullable().describe("ms since 1970"),
    committedAt: z.number(),
  })
  .readonly()
  .openapi("LatestAlert");
export type LatestAlert = z.output<typeof latestAlertSchema>;

export interface LakeTable {
  readonly survey: string;
  /** `raw`, `rejected` … */
  readonly kind: string;
  readonly version: number;
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  /** The newest night of the table, where the reader knows it. */
  readonly lastNight?: { readonly night: string; readonly rows: number } | null;
}

export interface RejectedMessage {
  readonly survey: string;
  readonly source: string;
  readonly offset: string;
  readonly reason: string;
  /** ms since 1970. */
  readonly receivedAt: number;
}

/** What the pages read of the lake. Every call may fail with a `FinkError` that says why. */
export interface LakeView {
  /**
   * Tables that could not be read when they were last asked for, a sentence each; the others answer
   * all the same.
   */
  problems?(): readonly string[];
  tables(): Promise<readonly LakeTable[]>;
  /** Newest commit first. */
  latest(limit: number): Promise<readonly LatestAlert[]>;
  /** A FITS file, gzipped or not; null when there is no such alert or it has no such image. */
  cutout(survey: string, alertId: string, kind: CutoutKind): Promise<Uint8Array | null>;
  /** Newest first. */
  rejected(limit: number): Promise<readonly RejectedMessage[]>;
}
