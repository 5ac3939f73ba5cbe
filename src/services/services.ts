import type { Service, ServiceName } from "./service.ts";

/**
 * The services of `./fink start`, in the order of the data flow. Each is loaded only when it is
 * started.
 */
export const services: Readonly<Record<ServiceName, () => Promise<Service>>> = {
  archive: async () => (await import("./archive.ts")).archive,
  science: async () => (await import("./science.ts")).science,
  filter: async () => (await import("./filter.ts")).filter,
  aggregation: async () => (await import("./aggregation.ts")).aggregation,
  delivery: async () => (await import("./delivery.ts")).delivery,
  compaction: async () => (await import("./compaction.ts")).compaction,
  ui: async () => (await import("./ui.ts")).ui,
};

export const serviceNames = Object.keys(services) as ServiceName[];
