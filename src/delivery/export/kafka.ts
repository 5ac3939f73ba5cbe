import { FinkError } from "../../errors.ts";
import { plainSchemaOf } from "../../lake/avro-schema.ts";
import type { StructType } from "../../lake/schema.ts";
import { KafkaLane } from "../../sources/kafka-lane.ts";
import { explainProducing } from "../../sources/kafka-made-topics.ts";
import { idHeader, type KafkaTargetOptions, topicsOf } from "../kafka.ts";
import { rowEncoder, type Sink } from "./format.ts";

/** Copies of the schema: a second reader of one group would otherwise wait for ever. */
const schemaCopies = 10;

/**
 * A data transfer as fink-client reads it: rows as bare Avro data in `topic`, their schema as the
 * key of messages in `<topic>_schema`.
 */
export async function kafkaSink(
  topic: string,
  id: string,
  columns: StructType,
  options: KafkaTargetOptions,
): Promise<Sink> {
  const topics = await topicsOf(options);
  const lane = new KafkaLane(options.kafka, options.compression);
  const encode = rowEncoder(plainSchemaOf(columns, "fink.export"));
  const key = Buffer.from(encode.schema);
  const flushed = async (): Promise<number> => {
    await lane.flush();
    if (lane.failure === null) return 0;
    throw new FinkError(
      "kafka",
      explainProducing(lane.failure, options.kafka, options.givenBy),
      lane.failure,
    );
  };
  return {
    async begin() {
      const own = `${topic}_schema`;
      const partitions = await topics.make(own);
      for (let copy = 0; copy < schemaCopies; copy++)
        lane.add({
          topic: own,
          partition: copy % partitions,
          key,
          value: Buffer.from("schema"),
          publishedAt: null,
        });
      return await flushed();
    },
    async rows(data, first) {
      const partitions = topics.partitionsOf(topic) ?? (await topics.make(topic));
      for (const [i, value] of encode.rows(data).entries()) {
        // the same when the row is sent again
        const headers = { [idHeader]: `export/${id}/${first + i}` };
        lane.add({
          topic,
          partition: (first + i) % partitions,
          key,
          value,
          publishedAt: null,
          headers,
        });
        if (lane.isFull) await lane.room();
      }
      return await flushed();
    },
    safe: async () => {},
    end: async () => {},
    async close() {
      await lane.close();
      await topics.close();
    },
  };
}
