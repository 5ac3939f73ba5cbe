import { FinkError } from "../../errors.ts";

/** A tag of an XML document, without its prefix. */
export interface XmlTag {
  readonly name: string;
  readonly kind: "open" | "close" | "empty";
  readonly attributes: string;
  /** Its begin and end in the document. */
  readonly at: number;
  readonly end: number;
}

/**
 * The tags of a document in their order, each found in one pass: no damaged document takes longer
 * than its length. Comments, CDATA and declarations are passed over. Throws for one that ends
 * within a tag.
 */
export function* xmlTags(text: string): Generator<XmlTag> {
  for (let at = text.indexOf("<"); at >= 0;) {
    const skipped = passedOver.find(([begin]) => text.startsWith(begin, at));
    const end = skipped ? endOf(text.indexOf(skipped[1], at), skipped[1].length) : tagEnd(text, at);
    if (!skipped) {
      const [, slash, name] =
        /^<(\/?)(?:[\w.-]{1,60}:)?([\w.-]{1,60})/.exec(text.slice(at, at + 130)) ?? [];
      if (name !== undefined) {
        const kind = slash === "/" ? "close" : text[end - 2] === "/" ? "empty" : "open";
        yield { name, kind, attributes: text.slice(at, end), at, end };
      }
    }
    at = text.indexOf("<", end);
  }
}

const passedOver = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
  ["<!", ">"],
] as const;

/** An attribute may hold `>`. */
function tagEnd(text: string, at: number): number {
  let quote = "";
  for (let i = at + 1; i < text.length; i++) {
    const sign = text[i];
    if (quote !== "") quote = sign === quote ? "" : quote;
    else if (sign === '"' || sign === "'") quote = sign;
    else if (sign === ">") return i + 1;
  }
  return endOf(-1, 0);
}

function endOf(at: number, length: number): number {
  if (at >= 0) return at + length;
  throw new FinkError("io", "the XML ends within a tag, a comment or a piece of CDATA");
}

export function xmlAttribute(attributes: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes);
  return match ? xmlText(match[1] ?? match[2]) : undefined;
}

const entities: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};

/** Text without XML's escapes, CDATA and comments. */
export function xmlText(text: string): string {
  if (!text.includes("<")) return unescaped(text);
  return text
    .split(/(<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->)/)
    .map((part, i) =>
      i % 2 === 0 ? unescaped(part) : part.startsWith("<!--") ? "" : part.slice(9, -3),
    )
    .join("");
}

function unescaped(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(x?)([\da-f]{1,6})|(\w{1,8}));/gi,
    (all, hex: string, code?: string, name?: string) => {
      if (code === undefined) return entities[name ?? ""] ?? all;
      const point = parseInt(code, hex ? 16 : 10);
      return point <= 0x10ffff ? String.fromCodePoint(point) : all;
    },
  );
}
