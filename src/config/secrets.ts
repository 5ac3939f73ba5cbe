import { readFileSync } from "node:fs";
import { FinkError, messageOf } from "../errors.ts";

/**
 * The password itself, read from its file where one is named; empty when there is none. `key` names
 * it in errors, e.g. `kafka.sasl`.
 */
export function secretOf(
  holder: { readonly password: string; readonly passwordFile: string },
  key: string,
): string {
  if (holder.passwordFile === "") return holder.password;
  try {
    return readFileSync(holder.passwordFile, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new FinkError(
      "config",
      `${key}.passwordFile cannot be read (${messageOf(error)}); name a file that holds the password`,
      error,
    );
  }
}

/** A text with `***` in place of the user and password of each URL in it. */
export function withoutUserinfo(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"']*@/gi, "$1***@");
}

/** Shorter texts are words of every message, not secrets. */
const shortestSecret = 3;

/**
 * Puts `***` in place of secrets wherever they stand in a text, also as they are written in a URL.
 */
export function secretMask(secrets: Iterable<string>): (text: string) => string {
  const forms = [...secrets]
    .flatMap((one) => [one, one.trim(), encodeURIComponent(one)])
    .filter((form) => form.length >= shortestSecret);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) =>
    longestFirst.reduce((masked, form) => masked.replaceAll(form, "***"), withoutUserinfo(text));
}

/**
 * The user's password in a URL, as it is written and as it is meant; what else may be secret of a
 * URL is its path.
 */
export function urlSecrets(text: string): string[] {
  const userinfo = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?([^\s/]*)@/i.exec(text)?.[1] ?? "";
  const password = userinfo.slice(userinfo.indexOf(":") + 1);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
