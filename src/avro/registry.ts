import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { withoutUserinfo } from "../config/secrets.ts";
import { FinkError, messageOf } from "../errors.ts";
import { type ReferencedSchema, withReferences } from "./references.ts";

/** Where schemas come from; an empty string stands for "none". */
export interface SchemaPlaces {
  /** Folder of `<id>.avsc` files of the user. */
  readonly folder: string;
  /** Further folders of them, beside the alerts. */
  readonly beside?: readonly string[];
  /** Folder that keeps what the registry answered. */
  readonly cache: string;
  /** URL of a Confluent schema registry. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

interface Failure {
  readonly error: FinkError;
  readonly until: number;
}

const timeoutMs = 5_000;
const retryAfterMs = [200, 1_000];
const unknownForMs = 60_000;
/**
 * A registry that is down or refuses us is asked again sooner than one that does not know an id.
 */
const unreachableForMs = 5_000;
const maxFailures = 10_000;

/** Schemas of messages in Confluent wire format, by their id. */
export class SchemaStore {
  readonly #places: SchemaPlaces;
  readonly #cacheFolder: string;
  readonly #fetch: typeof fetch;
  readonly #now: () => number;
  readonly #found = new Map<number, string>();
  readonly #asked = new Map<number, Promise<string>>();
  readonly #failed = new Map<number, Failure>();

  constructor(places: SchemaPlaces, request: typeof fetch = fetch, now: () => number = Date.now) {
    this.#places = places;
    this.#cacheFolder = cacheFolderOf(places);
    this.#fetch = request;
    this.#now = now;
  }

  /** JSON text of the schema if `get` found it before. */
  peek(id: number): string | undefined {
    return this.#found.get(id);
  }

  /**
   * JSON text of the schema. Code `schema`: nobody knows the id; code `io`: the registry cannot be
   * asked now.
   */
  async get(id: number): Promise<string> {
    const found = this.#found.get(id);
    if (found !== undefined) return found;
    const failure = this.#failed.get(id);
    if (failure && failure.until > this.#now()) throw failure.error;
    const asked = this.#asked.get(id) ?? this.#ask(id);
    this.#asked.set(id, asked);
    return asked;
  }

  async #ask(id: number): Promise<string> {
    try {
      const schema = this.#onDisk(id) ?? (await this.#download(id));
      this.#found.set(id, schema);
      this.#failed.delete(id);
      return schema;
    } catch (cause) {
      const error =
        cause instanceof FinkError ? cause : new FinkError("io", messageOf(cause), cause);
      this.#remember(id, error);
      throw error;
    } finally {
      this.#asked.delete(id);
    }
  }

  #remember(id: number, error: FinkError): void {
    const [oldest] = this.#failed.keys();
    if (this.#failed.size >= maxFailures) this.#failed.delete(oldest);
    this.#failed.delete(id);
    this.#failed.set(id, {
      error,
      until: this.#now() + (error.code === "schema" ? unknownForMs : unreachableForMs),
    });
  }

  #onDisk(id: number): string | undefined {
    for (const folder of [this.#places.folder, ...(this.#places.beside ?? []), this.#cacheFolder]) {
      const schema = folder === "" ? undefined : readIfThere(join(folder, `${id}.avsc`));
      if (schema !== undefined) return schema;
    }
    return undefined;
  }

  async #download(id: number): Promise<string> {
    if (this.#places.registry === "")
      throw unknown(id, "and no registry is set: name one as schemas.registry");
    const schema = await this.#request(id);
    if (this.#cacheFolder !== "") keep(this.#cacheFolder, id, schema);
    return schema;
  }

  async #request(id: number): Promise<string> {
    const { text, references } = await this.#entry(`schemas/ids/${id}`, id);
    const referenced = new Map<string, ReferencedSchema>();
    await this.#collect(references, id, referenced);
    return withReferences(text, [...referenced.values()]);
  }

  /** Fetches the schemas that are referred to, and those that these refer to, each once. */
  async #collect(
    references: readonly Reference[],
    id: number,
    found: Map<string, ReferencedSchema>,
  ): Promise<void> {
    for (const { name, subject, version } of references) {
      if (found.has(name)) continue;
      if (found.size >= maxReferences)
        throw new FinkError(
          "schema",
          `schema id ${id} refers to more than ${maxReferences} others; Fink takes no more`,
        );
      const entry = await this.#entry(
        `subjects/${encodeURIComponent(subject)}/versions/${version}`,
        id,
      );
      found.set(name, { name, text: entry.text });
      await this.#collect(entry.references, id, found);
    }
  }

  async #entry(path: string, id: number): Promise<RegistryEntry> {
    const { registry, username, password } = this.#places;
    const url = `${registry.replace(/\/+$/, "")}/${path}`;
    const headers: HeadersInit =
      username === ""
        ? {}
        : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
    for (let attempt = 0; ; attempt++) {
      let trouble: string;
      try {
        const response = await this.#fetch(url, {
          headers,
          signal: AbortSignal.timeout(timeoutMs),
        });
        if (response.status < 500) return await entryOf(response, path, id, registry);
        trouble = `it answers with status ${response.status}`;
      } catch (cause) {
        if (cause instanceof FinkError) throw cause;
        trouble = reasonOf(cause);
      }
      if (attempt === retryAfterMs.length) {
        const why = withoutUserinfo(
          `the schema registry ${withoutUserinfo(registry)} cannot be asked for schema id ${id}: ${trouble}`,
        );
        throw new FinkError("io", `${why}; check schemas.registry and the network`);
      }
      await setTimeout(retryAfterMs[attempt]);
    }
  }
}

const maxReferences = 200;

/** A schema that another refers to, as registries name it. */
interface Reference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

interface RegistryEntry {
  readonly text: string;
  readonly references: readonly Reference[];
}

async function entryOf(
  response: Response,
  path: string,
  id: number,
  registry: string,
): Promise<RegistryEntry> {
  if (response.status === 404) {
    if (path.startsWith("schemas/"))
      throw unknown(id, `nor does the registry ${withoutUserinfo(registry)} know it`);
    throw new FinkError(
      "schema",
      `schema id ${id} refers to ${path}, which the registry ${withoutUserinfo(registry)} does not have; register it there`,
    );
  }
  if (response.status === 401 || response.status === 403) {
    const refusal = `the schema registry ${withoutUserinfo(registry)} refuses the user or the password (status ${response.status})`;
    throw new FinkError("io", `${refusal}; check schemas.username and schemas.password`);
  }
  const answer: unknown = response.ok ? await response.json() : null;
  if (
    typeof answer !== "object" ||
    answer === null ||
    !("schema" in answer) ||
    typeof answer.schema !== "string"
  ) {
    throw new FinkError(
      "io",
      `${response.url} (status ${response.status}) does not answer as a schema registry does; check schemas.registry`,
    );
  }
  // registries leave the type out, or null, for Avro
  if ("schemaType" in answer && (answer.schemaType ?? "AVRO") !== "AVRO") {
    throw new FinkError(
      "schema",
      `schema id ${id} is of type ${String(answer.schemaType)}, not an Avro schema`,
    );
  }
  const references: unknown[] =
    "references" in answer && Array.isArray(answer.references) ? answer.references : [];
  if (!references.every(isReference))
    throw new FinkError(
      "io",
      `${response.url} has references that are not those of a schema registry; check schemas.registry`,
    );
  return { text: answer.schema, references };
}

function isReference(value: unknown): value is Reference {
  const { name, subject, version } = (value ?? {}) as Partial<Reference>;
  return typeof name === "string" && typeof subject === "string" && Number.isInteger(version);
}

function unknown(id: number, where: string): FinkError {
  return new FinkError(
    "schema",
    `schema id ${id} is unknown: no ${id}.avsc is in the schemas folder (--schemas DIR), ${where}`,
  );
}

/** Two registries give one id to different schemas, so each has a folder of its own. */
function cacheFolderOf({ cache, registry }: SchemaPlaces): string {
  if (cache === "" || registry === "") return "";
  const url = URL.parse(registry);
  if (!url)
    throw new FinkError(
      "config",
      `schemas.registry: "${registry}" is not a URL such as http://host:8081`,
    );
  return join(cache, encodeURIComponent(url.host + url.pathname));
}

/**
 * Keeps an answer on disk, whole or not at all. A cache that cannot be written costs a request
 * later, nothing else.
 */
function keep(folder: string, id: number, schema: string): void {
  const draft = join(folder, `${id}.avsc.${process.pid}.tmp`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, schema, { flush: true });
    renameSync(draft, join(folder, `${id}.avsc`));
  } catch {
    return;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FinkError("io", `${file} cannot be read: ${messageOf(cause)}`, cause);
  }
}

/** `fetch` says only "fetch failed"; the reason is its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code;
  return typeof code === "string" && messageOf(cause) === "" ? code : messageOf(cause);
}
