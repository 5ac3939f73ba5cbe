import type { DuckDBValue } from "@duckdb/node-api";
import { reservedColumns } from "../../archive/columns.ts";
import { surveysOf } from "../../archive/setup.ts";
import type { Config } from "../../config/schema.ts";
import { FinkError } from "../../errors.ts";
import type { Snapshot } from "../../lake/actions.ts";
import { firstValueSql, identifier } from "../../lake/scan.ts";
import type { StructType } from "../../lake/schema.ts";
import type { NumberedSchema, OutgoingPacket } from "../../simulator/targets/target.ts";
import { jdMinusMjd, mjdOfUnixEpoch } from "../../sky/time.ts";
import { type LakeSession, openSession } from "../../sql/session.ts";
import type { Survey } from "../../surveys/definition.ts";
import { kept } from "../../kept.ts";
import type { OutgoingGroup } from "../sending.ts";
import { chosenTables } from "../tables.ts";
import { type Row, rowEncoder } from "./encode.ts";
import { derivedSchema, knownSchemas, type WriterSchema } from "./schemas.ts";

/** A schema that readers need besides the packets. */
type Needed = (schema: NumberedSchema) => void;

interface Night {
  readonly session: LakeSession;
  readonly survey: Survey;
  readonly night: string;
  readonly alerts: number;
  /** But for the lake's own. */
  readonly columns: StructType;
  readonly known: ReadonlyMap<string, WriterSchema>;
  readonly needed: Needed;
}

/**
 * The alerts of a night in the lake, as packets, in the order in which they were published or,
 * where that is not known, observed.
 */
export class ReplayedNight {
  readonly alerts: number;
  /** Labels of the schemas that were not at hand. */
  readonly derived = new Set<string>();
  readonly #of: Night;
  readonly #encoders = new Map<string, LabelEncoder>();

  /** Throws FinkError "usage" where the lake has no such alerts. */
  static async open(
    config: Config,
    survey: string | undefined,
    night: string,
    needed: Needed,
  ): Promise<ReplayedNight> {
    const name = surveyIn(config.lake, survey);
    const session = await openSession(config.lake, { surveys: surveysOf(config) });
    try {
      const { snapshot } = session.tables.find(
        (table) => table.survey === name && table.kind === "raw",
      )!;
      const result = await session.query(
        `SELECT count(*) FROM ${identifier(name)}.raw WHERE night = ${night}`,
      );
      const alerts = Number((await result.getRows())[0][0]);
      if (alerts === 0)
        throw new FinkError(
          "usage",
          `the lake has no ${name} alerts of night ${night}; ${nightsIn(snapshot)}`,
        );
      const columns: StructType = {
        type: "struct",
        fields: snapshot.schema.fields.filter((field) => !reservedColumns.includes(field.name)),
      };
      return new ReplayedNight({
        session,
        survey: surveysOf(config).named(name),
        night,
        alerts,
        columns,
        known: knownSchemas(config),
        needed,
      });
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private constructor(of: Night) {
    this.alerts = of.alerts;
    this.#of = of;
  }

  /** DuckDB sorts in bounded memory and spills to the disk; rows are made as they are fetched. */
  async *groups(signal: AbortSignal): AsyncGenerator<OutgoingGroup> {
    const interrupt = () => this.#of.session.interrupt();
    signal.addEventListener("abort", interrupt, { once: true });
    try {
      const result = await this.#of.session.query(this.#sql());
      for await (const chunk of result) {
        const vectors = Array.from({ length: chunk.columnCount }, (_, i) =>
          chunk.getColumnVector(i),
        );
        for (let from = 0; from < chunk.rowCount; from += groupPackets) {
          const rows = Array.from(
            { length: Math.min(groupPackets, chunk.rowCount - from) },
            (_, i) => vectors.map((vector) => vector.getItem(from + i)),
          );
          yield { packets: rows.map((row) => this.#packet(row)) };
        }
      }
    } catch (error) {
      if (!signal.aborted) throw this.#of.session.explain(error);
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
  }

  close(): void {
    this.#of.session.close();
  }

  #sql(): string {
    const fields = this.#of.columns.fields.map(({ name }) => identifier(name));
    const id = this.#textSql(
      this.#of.survey.alert,
      `_source || '_' || _partition || '_' || _offset`,
    );
    const key = this.#textSql(this.#of.survey.object, "''");
    return `SELECT ${this.#timeSql()} AS _at, ${id} AS _id, ${key} AS _key, _schema, ${fields.join(", ")}
      FROM ${identifier(this.#of.survey.name)}.raw WHERE night = ${this.#of.night} ORDER BY _at, _source, _partition, _offset`;
  }

  /** ms since 1970 */
  #timeSql(): string {
    const { time } = this.#of.survey;
    const at = firstValueSql(this.#of.columns, time?.field);
    const observed = at
      ? `(${at}::DOUBLE - ${mjdOfUnixEpoch + (time?.scale === "jd" ? jdMinusMjd : 0)}) * 86400000.0::DOUBLE`
      : "NULL";
    return `coalesce(epoch_us(_published_at) / 1000.0::DOUBLE, ${observed}, 0.0::DOUBLE)`;
  }

  #textSql(paths: readonly string[] | undefined, otherwise: string): string {
    const value = firstValueSql(this.#of.columns, paths);
    return value ? `coalesce(${value}::VARCHAR, ${otherwise})` : otherwise;
  }

  #packet([at, id, key, label, ...values]: DuckDBValue[]): OutgoingPacket {
    const { encode, extension } = this.#encoderOf(String(label));
    const row = Object.fromEntries(this.#of.columns.fields.map(({ name }, i) => [name, values[i]]));
    const name = `${String(id).replace(/[^\w.-]+/g, "_")}.${extension}`;
    return {
      survey: this.#of.survey.name,
      night: this.#of.night,
      name,
      key: String(key) || name,
      publishedAt: Number(at),
      bytes: encode(row),
    };
  }

  #encoderOf(label: string): LabelEncoder {
    return kept(this.#encoders, label, () => {
      const own = this.#of.known.get(label);
      const encode = own ? rowEncoder(own) : null;
      if (!own || !encode) return this.#derive(label);
      if (own.id !== null) this.#of.needed({ id: own.id, text: own.text });
      return { encode, extension: own.id === null ? "avro" : "bin" };
    });
  }

  #derive(label: string): LabelEncoder {
    this.derived.add(label);
    return {
      encode: rowEncoder(derivedSchema(this.#of.columns, label, this.#of.survey))!,
      extension: "avro",
    };
  }
}

interface LabelEncoder {
  readonly encode: (row: Row) => Uint8Array;
  readonly extension: string;
}

const groupPackets = 100;

/** The survey asked for, or the only one. */
function surveyIn(lake: string, asked: string | undefined): string {
  const surveys = chosenTables(lake, { survey: asked }).flatMap(({ survey, kind }) =>
    kind === "raw" ? [survey] : [],
  );
  if (surveys.length === 1) return surveys[0];
  if (surveys.length === 0)
    throw new FinkError(
      "usage",
      `the lake ${lake} has no alerts${asked === undefined ? "" : ` of ${asked}`}; name another with --lake`,
    );
  throw new FinkError(
    "usage",
    `the lake has alerts of ${surveys.join(", ")}: choose one with --survey`,
  );
}

function nightsIn({ files }: Snapshot): string {
  const nights = [
    ...new Set(
      [...files.values()].flatMap(({ partitionValues }) => partitionValues["night"] ?? []),
    ),
  ].sort();
  if (nights.length === 0) return "it has none";
  return nights.length > 5
    ? `it has ${nights.length} nights from ${nights[0]} to ${nights.at(-1)}`
    : `it has ${nights.join(", ")}`;
}
