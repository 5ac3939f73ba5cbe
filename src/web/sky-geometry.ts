import { galacticOf, icrsOfEcliptic, icrsOfGalactic } from "../sky/frames.ts";
import { hammer, inverseHammer } from "../sky/hammer.ts";

export const skyFrames = ["equatorial", "galactic"] as const;
export type SkyFrameName = (typeof skyFrames)[number];

/**
 * What is in view: the middle, in the map's units (x −2 … 2, y −1 … 1), and how many times it is
 * enlarged.
 */
export interface SkyView {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export const wholeSky: SkyView = { x: 0, y: 0, zoom: 1 };
const MOST_ZOOM = 3000;

/** Places on the canvas in CSS pixels. */
export interface SkyProjection {
  readonly toScreen: (ra: number, dec: number) => readonly [number, number];
  /** Null beside the sky. */
  readonly toSky: (x: number, y: number) => readonly [ra: number, dec: number] | null;
  readonly pixelsPerUnit: number;
}

export function skyProjection(
  frame: SkyFrameName,
  view: SkyView,
  width: number,
  height: number,
): SkyProjection {
  const pixelsPerUnit = Math.min(width / 4.05, height / 2.05) * view.zoom;
  const screen = ([x, y]: readonly [number, number]) =>
    [width / 2 + (x - view.x) * pixelsPerUnit, height / 2 - (y - view.y) * pixelsPerUnit] as const;
  return {
    pixelsPerUnit,
    toScreen: (ra, dec) =>
      screen(frame === "galactic" ? hammer(...galacticOf(ra, dec)) : hammer(ra, dec)),
    toSky: (x, y) => {
      const place = inverseHammer(
        (x - width / 2) / pixelsPerUnit + view.x,
        (height / 2 - y) / pixelsPerUnit + view.y,
      );
      return place && (frame === "galactic" ? icrsOfGalactic(...place) : place);
    },
  };
}

/** Enlarged about a place on the canvas that stays where it is. */
export function zoomedSky(
  view: SkyView,
  factor: number,
  at: { x: number; y: number },
  width: number,
  height: number,
): SkyView {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
  if (zoom === 1) return wholeSky;
  const unit = Math.min(width / 4.05, height / 2.05);
  const shift = 1 / (unit * view.zoom) - 1 / (unit * zoom);
  return {
    zoom,
    x: clamp(view.x + (at.x - width / 2) * shift, 2),
    y: clamp(view.y - (at.y - height / 2) * shift, 1),
  };
}

/** Moved by CSS pixels. */
export function movedSky(
  view: SkyView,
  dx: number,
  dy: number,
  width: number,
  height: number,
): SkyView {
  const unit = Math.min(width / 4.05, height / 2.05) * view.zoom;
  return view.zoom === 1
    ? view
    : { ...view, x: clamp(view.x - dx / unit, 2), y: clamp(view.y + dy / unit, 1) };
}

function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}

/**
 * Lines on the sky as ICRS positions, in steps that a map can join: twelve meridians, then
 * parallels.
 */
export function graticule(frame: SkyFrameName): Lines {
  return (graticules[frame] ??= makeGraticule(frame));
}

type Lines = readonly (readonly (readonly [number, number])[])[];
const graticules: Partial<Record<SkyFrameName, Lines>> = {};

function makeGraticule(frame: SkyFrameName): Lines {
  const place = (l: number, b: number) =>
    frame === "galactic" ? icrsOfGalactic(l, b) : ([l, b] as const);
  const meridians = range(0, 330, 30).map((l) => range(-90, 90, 3).map((b) => place(l, b)));
  const parallels = range(-60, 60, 30).map((b) => range(0, 360, 3).map((l) => place(l, b)));
  return [...meridians, ...parallels];
}

export const ecliptic = range(0, 360, 2).map((l) => icrsOfEcliptic(l, 0));
export const galacticPlane = range(0, 360, 2).map((l) => icrsOfGalactic(l, 0));

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
}

/** The circle that holds what is in view, for asking the server; null for all of the sky. */
export function coneInView(
  projection: SkyProjection,
  view: SkyView,
  width: number,
  height: number,
): { ra: number; dec: number; radius: number } | null {
  if (view.zoom < 2.5) return null;
  const middle = projection.toSky(width / 2, height / 2);
  if (!middle) return null;
  // at the centre of the map; towards its edge a unit holds up to twice as many
  const degreesPerUnit = 81.03;
  return {
    ra: middle[0],
    dec: middle[1],
    radius: Math.min(
      180,
      (Math.hypot(width, height) / 2 / projection.pixelsPerUnit) * degreesPerUnit * 2,
    ),
  };
}

/** So that a pixel of the map stays about 8 px wide. */
export function orderFor(view: SkyView): number {
  return Math.max(3, Math.min(11, 5 + Math.floor(Math.log2(view.zoom))));
}
