import { FinkError } from "../errors.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The first word of a shell line, with quotes and variables resolved as POSIX sh does (2.2 Quoting,
 * 2.6.2 Parameter Expansion): `${X}`, `$X` and `${X:-default}`; an unset variable is empty, and
 * commands in back-ticks stay as they are. Only a comment may follow the word. Throws FinkError
 * "config".
 */
export function shellWord(text: string, variables: Variables, origin: string): string {
  let word = "";
  let rest = text;
  while (rest !== "" && !/^\s/.test(rest)) {
    const part = /^(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(`[^`]*`|[^\s'"\\`]+))/s.exec(rest);
    if (!part)
      throw new FinkError("config", `${origin}: a quote in \`${text.trim()}\` is never closed`);
    const [whole, single, double, escaped, bare] = part;
    word += single ?? escaped ?? expanded(double?.replace(/\\(["\\$`])/g, "$1") ?? bare, variables);
    rest = rest.slice(whole.length);
  }
  if (!/^\s*(#.*)?$/s.test(rest))
    throw new FinkError(
      "config",
      `${origin}: \`${text.trim()}\` has several words; put quotes around a value with spaces`,
    );
  return word;
}

function expanded(text: string, variables: Variables): string {
  return text.replace(
    /\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g,
    (_, braced?: string, otherwise?: string, bare?: string) => {
      return variables[braced ?? bare ?? ""] || (otherwise ?? "");
    },
  );
}
