import type { Admin, metadataV12 } from "@platformatic/kafka";
import { didYouMean } from "../config/nearest.ts";
import { globToRegExp } from "../surveys/surveys.ts";
import { responseIn } from "./kafka-errors.ts";

/** Topics of the broker that we may see. */
export async function listTopics(admin: Admin): Promise<string[]> {
  try {
    return await admin.listTopics();
  } catch (error) {
    // One partition without leader, in anybody's topic, fails the whole call; the list came all the
    // same.
    const topics = responseIn<Partial<metadataV12.MetadataResponse>>(error)?.topics;
    if (!topics) throw error;
    return topics.flatMap(({ name, isInternal }) => (name && !isInternal ? [name] : [])).sort();
  }
}

export function matchingTopics(patterns: readonly string[], existing: readonly string[]): string[] {
  const wanted = patterns.map(globToRegExp);
  return existing.filter((topic) => wanted.some((pattern) => pattern.test(topic)));
}

/**
 * What the configuration asks for and the broker has not, in one line; empty when nothing is
 * missing.
 */
export function missingTopics(patterns: readonly string[], existing: readonly string[]): string {
  const absent = patterns.filter((pattern) => matchingTopics([pattern], existing).length === 0);
  return absent.map((pattern) => describeMissing(pattern, existing)).join("; ");
}

function describeMissing(pattern: string, existing: readonly string[]): string {
  if (pattern.includes("*")) return `no topic matches ${pattern} yet`;
  const hint =
    existing.length === 0 ? "; the broker shows us no topic at all" : didYouMean(pattern, existing);
  return `topic ${pattern} does not exist${hint}`;
}
