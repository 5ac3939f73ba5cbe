import { withoutUserinfo } from "../config/secrets.ts";
import { FinkError, messageOf } from "../errors.ts";

export interface RegistrationPlace {
  /** URL of a Confluent schema registry. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

/** Registers schemas at a registry; each once. */
export class SchemaRegistration {
  readonly #place: RegistrationPlace;
  readonly #fetch: typeof fetch;
  readonly #ids = new Map<string, number>();

  constructor(place: RegistrationPlace, request: typeof fetch = fetch) {
    this.#place = place;
    this.#fetch = request;
  }

  /**
   * The number of the schema under this subject. Throws FinkError "schema" when the registry
   * refuses it, "io" when it gives no answer.
   */
  async idOf(subject: string, schema: string): Promise<number> {
    const key = `${subject} ${schema}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = await this.#register(subject, schema);
    this.#ids.set(key, id);
    return id;
  }

  async #register(subject: string, schema: string): Promise<number> {
    const { registry, username, password } = this.#place;
    const url = `${registry.replace(/\/+$/, "")}/subjects/${encodeURIComponent(subject)}/versions`;
    const headers: Record<string, string> = {
      "content-type": "application/vnd.schemaregistry.v1+json",
    };
    if (username !== "")
      headers["authorization"] =
        `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    let isRefused = false;
    try {
      const response = await this.#fetch(url, {
        method: "POST",
        headers,
        body: JSON.stringify({ schema }),
        signal: AbortSignal.timeout(5000),
      });
      const answer = (await response.json()) as { id?: unknown; message?: unknown };
      if (response.ok && typeof answer.id === "number") return answer.id;
      isRefused = [400, 409, 422].includes(response.status);
      throw new Error(
        `it answers with status ${response.status}${answer.message === undefined ? "" : `: ${String(answer.message)}`}`,
      );
    } catch (cause) {
      throw new FinkError(
        isRefused ? "schema" : "io",
        `the schema registry ${withoutUserinfo(registry)} does not take the schema of ${subject}: ${withoutUserinfo(messageOf(cause))}`,
        cause,
      );
    }
  }
}
