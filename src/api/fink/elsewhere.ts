import { HTTPException } from "hono/http-exception";
import { messageOf } from "../../errors.ts";
import type { FinkDeps } from "./resource.ts";

const waitMs = 10_000;

/**
 * What another service has at an address; null: it does not know it. Where it cannot be asked that
 * is said with 424, which is no failure of ours.
 */
export async function askElsewhere(
  { elsewhere }: FinkDeps,
  service: string,
  url: string,
  signal: AbortSignal,
): Promise<Buffer | null> {
  if (!elsewhere)
    throw new HTTPException(424, {
      message: `${service} is not asked by this server (api.elsewhere is false)`,
    });
  try {
    const response = await elsewhere(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(waitMs)]),
      headers: { "User-Agent": "fink" },
    });
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw new HTTPException(424, {
      message: `${service} cannot be asked by this server: ${messageOf(error)}`,
      cause: error,
    });
  }
}
