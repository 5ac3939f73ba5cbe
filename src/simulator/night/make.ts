import { FinkError } from "../../errors.ts";
import { msOfMjd } from "../../sky/time.ts";
import type { ClassModel } from "../classes/class.ts";
import { classes as allClasses } from "../classes/classes.ts";
import { lsstPacket } from "../packets/lsst.ts";
import type { Packet } from "../packets/packet.ts";
import { ztfPacket, type ZtfSchema } from "../packets/ztf.ts";
import { type Visit, visitsOfNight } from "../survey/schedule.ts";
import { telescopes } from "../survey/telescope.ts";
import type { Alert } from "./alert.ts";
import type { Batch, SimulationOptions } from "./batch.ts";
import { detectionsIn } from "./detect.ts";
import { alertOf } from "./history.ts";
import { densityFor, nightOfDate, ranksIn } from "./plan.ts";
import { alertTruth, objectTruth } from "./truth-of.ts";
import type { World } from "./world.ts";

/** A part of a visit: its alerts in the order of rank, from … to before … of the `ofVisit` that become alerts. */
export interface Part {
  readonly night: string;
  readonly visit: number;
  readonly from: number;
  readonly to: number;
  readonly ofVisit: number;
}

/** Makes the alerts of one sky. */
export interface Maker {
  visits(night: string): readonly Visit[];
  ranks(night: string, visit: number): Float64Array<ArrayBuffer>;
  make(part: Part): Batch;
}

/** Number of objects relative to the true sky at which a usual night has enough alerts. */
export function skyDensity(options: SimulationOptions, classes = allClasses): number {
  return densityFor(options, (density) => worldOf(options, density, classes));
}

export function makerOf(options: SimulationOptions, density: number, classes = allClasses): Maker {
  const world = worldOf(options, density, classes);
  const visits = (night: string): readonly Visit[] => visitsOfNight(world.telescope, world.seed, nightOfDate(night));
  return {
    visits,
    ranks: (night, visit) => ranksIn(world, visits(night)[visit]),
    make: (part) => batchOf(world, options, part, visits(part.night)[part.visit]),
  };
}

function worldOf({ survey, seed, rates }: SimulationOptions, density: number, classes: readonly ClassModel[]): World {
  const unknown = Object.keys(rates).find((name) => !classes.some((model) => model.name === name));
  if (unknown !== undefined) throw new FinkError("usage", `there is no class "${unknown}"; there are ${classes.map((m) => m.name).join(", ")}`);
  return { telescope: telescopes[survey], seed, classes, density: (model) => density * (rates[model.name] ?? 1) };
}

function batchOf(world: World, options: SimulationOptions, part: Part, visit: Visit): Batch {
  const alerts = detectionsIn(world, visit)
    .slice(part.from, part.to)
    .map((detection) => alertOf(world, detection));
  const packets = alerts.map((alert) => packetOf(alert, options));
  const objectIds = packets.map((p) => p.objectId);
  const readyAt = msOfMjd(visit.mjd) + 1000 * (world.telescope.exposureSeconds + world.telescope.secondsToAlert);
  const spacing = (1000 * world.telescope.burstSeconds) / part.ofVisit;
  return {
    night: part.night,
    visit: part.visit,
    visitAt: Math.round(msOfMjd(visit.mjd)),
    ...joined(packets),
    alertIds: BigInt64Array.from(packets, (p) => p.alertId),
    objectIds,
    publishedAt: Float64Array.from(packets, (_, i) => Math.round(readyAt + spacing * (part.from + i))),
    classes: alerts.map((a) => a.object.model.name),
    truth: alerts.map((alert, i) => alertTruth(alert, packets[i])),
    objects: alerts.filter((_, i) => objectIds.indexOf(objectIds[i]) === i).map((alert, i) => objectTruth(alert, objectIds[i])),
  };
}

function packetOf(alert: Alert, { survey, schema }: SimulationOptions): Packet {
  return survey === "ztf" ? ztfPacket(alert, schema as ZtfSchema) : lsstPacket(alert);
}

function joined(packets: readonly Packet[]): Pick<Batch, "bytes" | "ends"> {
  const ends = new Uint32Array(packets.length);
  let size = 0;
  for (const [i, packet] of packets.entries()) ends[i] = size += packet.bytes.length;
  const bytes = new Uint8Array(size);
  for (const [i, packet] of packets.entries()) bytes.set(packet.bytes, ends[i] - packet.bytes.length);
  return { bytes, ends };
}
