import { join } from "node:path";
import { type Data, Field, List, makeData, Struct } from "apache-arrow";
import { writeContainer } from "../avro/container.ts";
import type { TargetOf } from "../config/targets.ts";
import { messageOf } from "../errors.ts";
import { makeFolder } from "../folder.ts";
import { replaceWhole } from "../lake/durable.ts";
import { toParquet } from "../lake/parquet.ts";
import type { ColumnType, StructType } from "../lake/schema.ts";
import { take } from "../science/take.ts";
import type { Survey } from "../surveys/definition.ts";
import { AlertEncoders } from "./encoders.ts";
import type { Message, Refusal, Target } from "./target.ts";
import { voEvent } from "./voevent.ts";

/**
 * A file for each batch and filter, or with VOEvent for each alert, in `<folder>/<filter>/`. It is
 * called after the first match in it, so that what is sent again after a crash replaces what was
 * there.
 */
export function filesTarget(
  name: string,
  { folder, format }: TargetOf<"files">,
  surveyNamed: (name: string) => Survey,
): Target {
  const encoders = new AlertEncoders();
  const write = (message: Message, extension: string, bytes: Uint8Array): void => {
    const into = join(folder, message.filter.name);
    makeFolder(into);
    replaceWhole(join(into, `${message.id.replace(/[^\w.-]+/g, "_")}.${extension}`), bytes);
  };
  const writers: Readonly<Record<typeof format, (own: readonly Message[]) => readonly Refusal[]>> =
    {
      avro(own) {
        const { there, refused } = made(own, (message) => recordOf(message, encoders));
        if (there.length > 0)
          write(
            there[0].message,
            "avro",
            writeContainer({
              schema: there[0].value.schema,
              blocks: [there.map(({ value }) => value.bytes)],
              codec: "deflate",
            }),
          );
        return refused;
      },
      parquet(own) {
        for (const sameRaw of Map.groupBy(own, ({ alert }) => alert.parts[0]).values()) {
          for (const part of Map.groupBy(sameRaw, ({ alert }) => alert.parts[1]).values())
            write(part[0], "parquet", toParquet(rowsOf(part)));
        }
        return [];
      },
      voevent(own) {
        const { there, refused } = made(own, (message) =>
          Buffer.from(voEvent(message, surveyNamed(message.survey))),
        );
        for (const { message, value } of there) write(message, "xml", value);
        return refused;
      },
    };
  return {
    name,
    batch: 2000,
    images: format !== "voevent",
    async send(messages): Promise<readonly Refusal[]> {
      const groups = Map.groupBy(
        messages,
        ({ filter, columns }) => `${filter.name} ${columns.fields.length}`,
      );
      return [...groups.values()].flatMap((own) => writers[format](own));
    },
    close: async () => {},
  };
}

/**
 * Makes something of each message. A message of which it cannot be made is refused, so that it does
 * not keep the others waiting.
 */
function made<T>(
  messages: readonly Message[],
  make: (message: Message) => T,
): { there: { message: Message; value: T }[]; refused: Refusal[] } {
  const there: { message: Message; value: T }[] = [];
  const refused: Refusal[] = [];
  for (const message of messages) {
    try {
      there.push({ message, value: make(message) });
    } catch (error) {
      refused.push({ message, reason: `it cannot be written: ${messageOf(error)}` });
    }
  }
  return { there, refused };
}

function recordOf(
  { alert, columns, survey }: Message,
  encoders: AlertEncoders,
): { schema: string; bytes: Uint8Array } {
  const { schema, encoder } = encoders.of(alert, columns, `${survey}.alert`);
  return { schema, bytes: encoder.encode(alert.rows) };
}

/** The columns of messages whose alerts have the same parts. */
function rowsOf(messages: readonly Message[]): Data<Struct> {
  const [{ alert, columns }] = messages;
  const found = columns.fields.flatMap(({ name, type }) => {
    const part = alert.parts.findIndex((own) =>
      own?.type.children.some((field) => field.name === name),
    );
    const source = alert.parts[part];
    if (!source) return [];
    const rows = messages.map((message) => message.alert.rows[part]);
    return [
      {
        name,
        data: selected(
          take(
            source.children[source.type.children.findIndex((field) => field.name === name)],
            rows,
          ),
          type,
        ),
      },
    ];
  });
  return structOf(found, messages.length);
}

/** The inner columns that are asked for. */
function selected(data: Data, type: ColumnType): Data {
  if (typeof type === "string" || type.type === "map") return data;
  if (type.type === "array") {
    const items = selected(data.children[0], type.elementType);
    const { length, nullCount, nullBitmap, valueOffsets } = data;
    const list = new List(new Field("element", items.type, true));
    return (makeData as (props: object) => Data)({
      type: list,
      length,
      nullCount,
      nullBitmap,
      valueOffsets,
      child: items,
    });
  }
  return selectedStruct(data as Data<Struct>, type);
}

function selectedStruct(data: Data<Struct>, { fields }: StructType): Data {
  const inner = fields.flatMap(({ name, type }) => {
    const at = data.type.children.findIndex((field) => field.name === name);
    return at < 0 ? [] : [{ name, data: selected(data.children[at], type) }];
  });
  return structOf(inner, data.length, data);
}

function structOf(
  columns: readonly { readonly name: string; readonly data: Data }[],
  length: number,
  nulls?: Data,
): Data<Struct> {
  const type = new Struct(columns.map(({ name, data }) => new Field(name, data.type, true)));
  return makeData({
    type,
    length,
    nullCount: nulls?.nullCount ?? 0,
    nullBitmap: nulls?.nullBitmap,
    children: columns.map(({ data }) => data),
  });
}
