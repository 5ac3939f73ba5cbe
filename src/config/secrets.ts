import { readFileSync } from "node:fs";
import { FinkError, messageOf } from "../errors.ts";

/** The password itself, read from its file where one is named; empty when there is none. `key` names it in errors, e.g. `kafka.sasl`. */
export function secretOf(holder: { readonly password: string; readonly passwordFile: string }, key: string): string {
  if (holder.passwordFile === "") return holder.password;
  try {
    return readFileSync(holder.passwordFile, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new FinkError("config", `${key}.passwordFile cannot be read (${messageOf(error)}); name a file that holds the password`, error);
  }
}
