import type { FilterFunction } from "./filter.ts";

export type FunctionAbout = Omit<FilterFunction, "select">;

export class FunctionThread {
  constructor(_file: string, _text: string) {}
  async about(): Promise<FunctionAbout> {
    throw new Error("not yet");
  }
  async close(): Promise<void> {}
}
