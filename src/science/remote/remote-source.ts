import { kept } from "../../kept.ts";
import type { MatchSource } from "../crossmatch/modules.ts";
import type { Answer, CrossMatch } from "../crossmatch/rule.ts";
import type { ScienceSetup } from "../module.ts";
import { askCds } from "./cds.ts";
import { RemoteLedger, type Stored } from "./ledger.ts";
import { RemoteQueue } from "./queue.ts";

const queues = new Map<string, RemoteQueue>();

/**
 * A table of CDS. An alert whose answer has not come waits; the service is asked again when the
 * rows that wait are.
 */
export function remoteSource(
  { lake, config }: ScienceSetup,
  { name, table, fields, radiusArcsec }: CrossMatch,
): MatchSource {
  const { cds, timeoutSeconds, perSecond } = config.remote;
  const asked = { table: table!, fields, radiusArcsec };
  const queueOf = (): RemoteQueue =>
    new RemoteQueue({
      service: name,
      ledger: ledgerOf(lake),
      ask: async (places, signal) => await askCds(cds, asked, places, signal),
      timeoutMs: 1000 * timeoutSeconds,
      perSecond,
    });
  const answersOf = async (
    places: readonly string[],
    waitMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Stored>> => {
    const key = `${lake} ${name} ${cds}`;
    try {
      return await kept(queues, key, queueOf).answers(places, waitMs, signal);
    } catch {
      return new Map(); // such as a full disk: the alerts wait, and are asked about again
    }
  };
  return {
    edition: `${name}@cds`,
    async ask({ ra, dec }, _survey, { signal, config: { remote, limitSeconds } }) {
      // a module that is cut off gives null, which nobody asks about again
      const waitMs = 1000 * Math.min(remote.waitSeconds, limitSeconds / 2);
      const places = Array.from(ra, (degrees, i) => placeOf(degrees, dec[i]));
      const known = await answersOf(
        places.flatMap((place) => place ?? []),
        waitMs,
        signal,
      );
      return places.map((place) => (place === null ? null : answerOf(known.get(place), fields)));
    },
  };
}

/** 0.4 mas; null: no position, so that nothing is near it. */
function placeOf(ra: number, dec: number): string | null {
  return ra >= 0 && ra <= 360 && Math.abs(dec) <= 90 ? `${ra.toFixed(7)} ${dec.toFixed(7)}` : null;
}

function answerOf(values: Stored | undefined, fields: readonly string[]): Answer {
  return values ? (name) => values[fields.indexOf(name)] ?? null : values;
}

const ledgers = new Map<string, RemoteLedger>();

/** One of a process for each lake. */
export function ledgerOf(lake: string): RemoteLedger {
  return kept(ledgers, lake, () => new RemoteLedger(lake));
}
