import { FinkError } from "../../errors.ts";
import { msOfMjd } from "../../sky/time.ts";
import { classes } from "../classes/classes.ts";
import { lsstPacket } from "../packets/lsst.ts";
import type { Packet } from "../packets/packet.ts";
import { ztfPacket, type ZtfSchema } from "../packets/ztf.ts";
import { type Visit, visitsOfNight } from "../survey/schedule.ts";
import { telescopes } from "../survey/telescope.ts";
import type { Alert } from "./alert.ts";
import type { AlertTruth, Batch, ObjectTruth, SimulationOptions } from "./batch.ts";
import type { Population } from "./asteroids.ts";
import { detectionsIn } from "./detect.ts";
import { alertOf } from "./history.ts";
import { fillSolarSystem, solarSystem } from "./moving.ts";
import { densityFor, nightOfDate, ranksIn } from "./plan.ts";
import { alertTruth, objectTruth } from "./truth-of.ts";
import type { World } from "./world.ts";

/**
 * A part of a visit: its alerts in the order of rank, from … to before … of the `ofVisit` that
 * become alerts.
 */
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
  /** Draws a part of the shared asteroids. */
  drawAsteroids(from: number, to: number): void;
}

/** Number of objects relative to the true sky at which any night has enough alerts. */
export function skyDensity(options: SimulationOptions): number {
  return densityFor(options, (density) => worldOf(options, density));
}

/** Room for the asteroids of that sky, for threads to fill and share. */
export function asteroidsOf(options: SimulationOptions, density: number): Population {
  return solarSystem(telescopes[options.survey], (name) => density * (options.rates[name] ?? 1));
}

export function makerOf(
  options: SimulationOptions,
  density: number,
  asteroids?: Population,
): Maker {
  const world = { ...worldOf(options, density), asteroids };
  const visits = (night: string): readonly Visit[] =>
    visitsOfNight(world.telescope, world.seed, nightOfDate(night));
  return {
    visits,
    ranks: (night, visit) => ranksIn(world, visits(night)[visit]),
    drawAsteroids(from, to) {
      if (asteroids) fillSolarSystem(asteroids, world.telescope, world.seed, from, to);
    },
    make: (part) => batchOf(world, options, part, visits(part.night)[part.visit]),
  };
}

function worldOf({ survey, seed, rates }: SimulationOptions, density: number): World {
  const unknown = Object.keys(rates).find((name) => !classes.some((model) => model.name === name));
  if (unknown !== undefined)
    throw new FinkError(
      "usage",
      `there is no class "${unknown}"; there are ${classes.map((m) => m.name).join(", ")}`,
    );
  return {
    telescope: telescopes[survey],
    seed,
    classes,
    density: (model) => density * (rates[model.name] ?? 1),
  };
}

/** One alert after the other: what an alert was made from is forgotten when its packet is. */
function batchOf(world: World, options: SimulationOptions, part: Part, visit: Visit): Batch {
  const count = part.to - part.from;
  const [ends, alertIds, publishedAt] = [
    new Uint32Array(count),
    new BigInt64Array(count),
    new Float64Array(count),
  ];
  const [objectIds, classes, truth, objects]: [string[], string[], AlertTruth[], ObjectTruth[]] = [
    [],
    [],
    [],
    [],
  ];
  const readyAt =
    msOfMjd(visit.mjd) + 1000 * (world.telescope.exposureSeconds + world.telescope.secondsToAlert);
  const spacing = (1000 * world.telescope.burstSeconds) / part.ofVisit;
  const detections = detectionsIn(world, visit);
  for (let i = 0, size = 0; i < count; i++) {
    const alert = alertOf(world, detections[part.from + i]);
    const packet = packetOf(alert, options);
    ends[i] = size = pile(packet.bytes, size);
    alertIds[i] = packet.alertId;
    publishedAt[i] = Math.round(readyAt + spacing * (part.from + i));
    objectIds.push(packet.objectId);
    classes.push(alert.object.model.name);
    truth.push(alertTruth(alert, packet));
    objects.push(objectTruth(alert, packet.objectId));
  }
  const { night, visit: number } = part;
  const about = { night, visit: number, visitAt: Math.round(msOfMjd(visit.mjd)) };
  return {
    ...about,
    bytes: piled.slice(0, ends[count - 1]),
    ends,
    alertIds,
    objectIds,
    publishedAt,
    classes,
    truth,
    objects,
  };
}

function packetOf(alert: Alert, { survey, schema }: SimulationOptions): Packet {
  return survey === "ztf" ? ztfPacket(alert, schema as ZtfSchema) : lsstPacket(alert);
}

let piled = new Uint8Array(1 << 25);

/** Puts the bytes behind the others and returns where they end. */
function pile(bytes: Uint8Array, at: number): number {
  if (at + bytes.length > piled.length) {
    const larger = new Uint8Array(2 * (at + bytes.length));
    larger.set(piled);
    piled = larger;
  }
  piled.set(bytes, at);
  return at + bytes.length;
}
