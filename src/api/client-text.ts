import { createApp } from "./server.ts";
import { openApi } from "./docs.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly default?: unknown;
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: {
    readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
  };
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

/**
 * The typed client of the API, as TypeScript: a method per operation, a type per schema that has a
 * name.
 */
export function clientText(): string {
  const document = openApi(wholeApi()) as {
    paths?: Record<string, Record<string, Operation>>;
    components?: { schemas?: Record<string, Schema> };
  };
  const types = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) => `export type ${typeName(name)} = ${typeOf(schema)};\n`,
  );
  const methods = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) =>
      operation.operationId ? [methodOf(method, path, operation)] : [],
    ),
  );
  return [head, ...types, classHead, ...methods, "}\n"].join("\n");
}

/** Every route, of an application that is never asked. */
function wholeApi() {
  const nothing = {} as never;
  return createApp(
    {
      host: "",
      port: 0,
      lake: "",
      view: nothing,
      pageLake: nothing,
      sources: nothing,
      pages: "",
      logError: () => {},
    },
    nothing,
  );
}

function methodOf(
  method: string,
  path: string,
  { operationId, summary, parameters = [], requestBody, responses }: Operation,
): string {
  const body = requestBody?.content?.["application/json"]?.schema;
  const own = parameters.map(
    ({ name, required, schema }) => `${key(name)}${required ? "" : "?"}: ${typeOf(schema ?? {})}`,
  );
  const given = body
    ? `given: ${typeOf(body, true)}`
    : own.length > 0
      ? `given: { ${own.join("; ")} }${parameters.some((p) => p.required) ? "" : " = {}"}`
      : "";
  const schema = responses?.["200"]?.content?.["application/json"]?.schema;
  const isTyped =
    schema !== undefined &&
    Object.keys(schema).length > 0 &&
    Object.keys(responses?.["200"]?.content ?? {}).length === 1;
  const args = [
    JSON.stringify(method.toUpperCase()),
    JSON.stringify(path),
    given === "" ? "{}" : "given",
  ].join(", ");
  return `  /** ${summary ?? ""} */
  async ${operationId}(${given}): Promise<${isTyped ? typeOf(schema) : "Response"}> {
    return ${isTyped ? `(await (await this.ask(${args})).json()) as ${typeOf(schema)}` : `await this.ask(${args})`};
  }
`;
}

/** In a request, what has a default may be left out. */
function typeOf(schema: Schema, isRequest = false): string {
  if (schema.$ref) return typeName(schema.$ref.split("/").at(-1)!);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return several.map((one) => typeOf(one, isRequest)).join(" | ");
  if (typeof schema.type !== "string" && schema.type)
    return schema.type.map((type) => typeOf({ ...schema, type }, isRequest)).join(" | ");
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return `readonly (${typeOf(schema.items ?? {}, isRequest)})[]`;
    case "object":
      return objectType(schema, isRequest);
    default:
      return "unknown";
  }
}

function objectType(
  { properties = {}, required = [], additionalProperties }: Schema,
  isRequest: boolean,
): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const isOptional = !required.includes(name) || (isRequest && schema.default !== undefined);
    return `readonly ${key(name)}${isOptional ? "?" : ""}: ${typeOf(schema, isRequest)}`;
  });
  const others =
    typeof additionalProperties === "object" && Object.keys(additionalProperties).length > 0
      ? typeOf(additionalProperties, isRequest)
      : "unknown";
  if (fields.length === 0) return `Readonly<Record<string, ${others}>>`;
  return `{ ${fields.join("; ")}${additionalProperties ? "; readonly [name: string]: unknown" : ""} }`;
}

/** Not that of a type that every program has. */
function typeName(name: string): string {
  return ["Error", "Object"].includes(name) ? `Fink${name}` : name;
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}

const head = `// Generated by \`./fink docs\` from the API's schemas; edit those instead.
`;

const classHead = `/** What the server answers with when it does not give what was asked for. */
export class FinkApiError extends Error {
  readonly status: number;
  readonly requestId: string;

  constructor(status: number, message: string, requestId: string) {
    super(message);
    [this.status, this.requestId] = [status, requestId];
  }
}

/** The HTTP API of a Fink server: a method for each operation. Throws FinkApiError for what is not a success. */
export class FinkClient {
  readonly #base: string;
  readonly #fetch: typeof fetch;
  readonly #init: RequestInit;

  constructor(base = "", init: RequestInit = {}, fetcher: typeof fetch = (...args) => fetch(...args)) {
    [this.#base, this.#init, this.#fetch] = [base, init, fetcher];
  }

  /** Any operation: names in the path are taken from the arguments, the others are the query, or the body of a POST. */
  async ask(method: string, path: string, given: Readonly<Record<string, unknown>>): Promise<Response> {
    const rest: Record<string, unknown> = { ...given };
    const filled = path.replace(/\\{(\\w+)\\}/g, (_, name: string) => {
      const value = encodeURIComponent(String(rest[name]));
      delete rest[name];
      return value;
    });
    const known = Object.entries(rest).filter(([, value]) => value !== undefined);
    const query = method === "GET" && known.length > 0 ? \`?\${new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString()}\` : "";
    const body = method === "GET" ? {} : { body: JSON.stringify(rest), headers: { "Content-Type": "application/json" } };
    const response = await this.#fetch(\`\${this.#base}\${filled}\${query}\`, { ...this.#init, method, ...body });
    if (response.ok) return response;
    const { error = response.statusText, requestId = "" } = (await response.json().catch(() => ({}))) as { error?: string; requestId?: string };
    throw new FinkApiError(response.status, error, requestId);
  }
`;
