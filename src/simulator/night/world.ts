import { kept } from "../../kept.ts";
import type { ClassModel } from "../classes/class.ts";
import { hashOf } from "../random.ts";
import type { Population } from "./asteroids.ts";
import type { Telescope } from "../survey/telescope.ts";

/** A sky and the telescope that watches it: what everything is drawn from. */
export interface World {
  readonly telescope: Telescope;
  readonly seed: number;
  readonly classes: readonly ClassModel[];
  /** How many objects of a class there are, relative to the true sky. */
  density(model: ClassModel): number;
  /** All asteroids, where threads share them; else each draws them when it needs them. */
  readonly asteroids?: Population;
}

/** A number that stands for a class in seeds: it does not change when other classes come or go. */
export function keyOf(model: ClassModel): number {
  return kept(keys, model, () => hashOf(...Buffer.from(model.name)));
}

const keys = new WeakMap<ClassModel, number>();
