import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options?: { readonly type: "minor" }) => void;

const megabyte = 2 ** 20;
/** New buffers after which the young ones are looked through, which takes a millisecond or two. */
const youngBytes = 64 * megabyte;
/**
 * Buffers, and growth of the process, after which everything is looked through: tens of
 * milliseconds, hence not often, and the sooner the more there is.
 */
const allBytes = 128 * megabyte;
const restMs = 20_000;

/**
 * Collects garbage when the buffers outside of V8's heap, or the process, have grown. V8 counts
 * these little, so that Kafka's answers, Arrow columns and the native results of DuckDB, all
 * garbage, stood at over 1 GB before it looked. Per thread: each calls it once. Returns what ends
 * it.
 */
export function keepMemorySteady(everyMs = 1000): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  let { arrayBuffers: buffersThen, rss: rssThen } = process.memoryUsage();
  let fullAt = performance.now();
  const look = () => {
    const { arrayBuffers, rss } = process.memoryUsage();
    const excess = Math.max(arrayBuffers, rss - rssThen) / allBytes;
    if (excess > 1 && performance.now() - fullAt > restMs / excess) {
      collect();
      ({ arrayBuffers: buffersThen, rss: rssThen } = process.memoryUsage());
      fullAt = performance.now();
    } else if (arrayBuffers > buffersThen + youngBytes) {
      collect({ type: "minor" });
      buffersThen = process.memoryUsage().arrayBuffers;
    } else buffersThen = Math.min(buffersThen, arrayBuffers);
    rssThen = Math.min(rssThen, rss);
  };
  const timer = setInterval(look, everyMs).unref();
  return () => clearInterval(timer);
}
