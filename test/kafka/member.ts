// A second archive in a process of its own, for tests that kill it: it reads but never commits, and
// prints how many partitions it has.
import { setInterval } from "node:timers/promises";
import { kafkaConfig, startReading } from "./reading.ts";

const [broker, topic, group] = process.argv.slice(2);
const reading = startReading(kafkaConfig({ brokers: [broker], topics: [topic], group }));
reading.committing = false;
for await (const _ of setInterval(100))
  process.stdout.write(`${(await reading.source.lag()).length}\n`);
