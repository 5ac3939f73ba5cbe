import type { Snapshot } from "../lake/actions.ts";
import {
  type LogChange,
  type LogChangeKind,
  logChangeKinds,
  type LogMark,
} from "../sources/source.ts";
import type { Moves } from "./batch.ts";

// Records beside the position of a Kafka partition, as further transactions (`txn`) of the table's
// log: checkpoints keep them, and they move in the same entry as the position. A crash therefore
// leaves both or neither. Lakes of before have none. Their partitions begin to be counted, and to
// have a mark, with the next message.
//   kafka:T:0              the next offset
//   kafka:T:0#topic        first 48 bits of the topic's id
//   kafka:T:0#epoch        leader epoch of the last message
//   kafka:T:0#messages     messages received since counting began
//   kafka:T:0#first        the offset at which it began
//   kafka:T:0#since        when offsets began again, ms since 1970
//   kafka:T:0#lost:100 80  at offset 100 the log went on from 80, and why

type Positions = Snapshot["positions"];
type Steps = Map<string, { readonly from: number | null; readonly to: number }>;

/** The positions a commit moves, with what stands beside them. */
export function stepsOf(moves: Moves, at: Positions): Steps {
  const steps: Steps = new Map();
  for (const [appId, { from, to, received }] of moves) {
    steps.set(appId, { from: from === null ? null : Number(from), to: Number(to) });
    if (!received) continue;
    const counted = at.get(`${appId}#messages`);
    if (counted === undefined) set(steps, at, `${appId}#first`, Number(from ?? received.first));
    set(steps, at, `${appId}#messages`, (counted ?? 0) + received.messages);
    setMark(steps, at, appId, received.mark);
  }
  return steps;
}

/** The positions that begin a partition again at another offset. */
export function restartSteps(
  appId: string,
  to: number,
  { kind, mark }: LogChange,
  at: Positions,
  now: number,
): Steps {
  const from = at.get(appId) ?? 0;
  const steps: Steps = new Map([[appId, { from, to }]]);
  set(steps, at, `${appId}#${kind}:${from}`, to);
  if (kind !== "deleted") set(steps, at, `${appId}#since`, now);
  setMark(steps, at, appId, mark);
  return steps;
}

/** The log that the position is of; null in lakes that do not say. */
export function markOf(at: Positions, appId: string): LogMark | null {
  const topic = at.get(`${appId}#topic`);
  return topic === undefined ? null : { topic, epoch: at.get(`${appId}#epoch`) ?? -1 };
}

/** Messages received before this time (ms since 1970) have offsets of an earlier log. */
export function beganAt(at: Positions, appId: string): number {
  return at.get(`${appId}#since`) ?? 0;
}

/** Number of messages a partition has sent from an offset on; null in lakes that do not say. */
export function countOf(
  at: Positions,
  appId: string,
): { readonly from: number; readonly messages: number } | null {
  const messages = at.get(`${appId}#messages`);
  return messages === undefined ? null : { from: at.get(`${appId}#first`) ?? 0, messages };
}

/** A point at which a partition's log did not fit the position. */
export function changesOf(
  at: Positions,
  appId: string,
): { readonly kind: LogChangeKind; readonly from: number; readonly to: number }[] {
  return [...at].flatMap(([name, to]) => {
    const [kind, from] = name.startsWith(`${appId}#`)
      ? name.slice(appId.length + 1).split(":")
      : [];
    const known = logChangeKinds.find((one) => one === kind);
    return known ? [{ kind: known, from: Number(from), to }] : [];
  });
}

function setMark(steps: Steps, at: Positions, appId: string, { topic, epoch }: LogMark): void {
  if (topic !== at.get(`${appId}#topic`)) set(steps, at, `${appId}#topic`, topic);
  if (epoch !== at.get(`${appId}#epoch`)) set(steps, at, `${appId}#epoch`, epoch);
}

function set(steps: Steps, at: Positions, name: string, to: number): void {
  steps.set(name, { from: at.get(name) ?? null, to });
}
