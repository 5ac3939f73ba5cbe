import type { ComponentChild } from "preact";

/**
 * Documentation as it is written in docs/: the part of Markdown that it uses. Everything becomes
 * text nodes and elements, never HTML.
 */
export function Markdown({
  text,
  linkTo,
}: {
  text: string;
  linkTo: (href: string) => { href: string } | null;
}) {
  return <>{blocks(text.split("\n"), linkTo)}</>;
}

type LinkTo = (href: string) => { href: string } | null;

function blocks(lines: readonly string[], linkTo: LinkTo): ComponentChild[] {
  const out: ComponentChild[] = [];
  for (let i = 0; i < lines.length;) {
    const line = lines[i];
    const take = (belongs: (next: string) => boolean): string[] => {
      const start = i++;
      while (i < lines.length && belongs(lines[i])) i++;
      return lines.slice(start, i);
    };
    const fence = /^ {0,3}```/.test(line);
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    if (line.trim() === "" || line.startsWith("<!--")) i++;
    else if (fence) {
      const code = take((next) => !/^ {0,3}```\s*$/.test(next));
      i++;
      out.push(<pre tabIndex={0}>{code.slice(1).join("\n")}</pre>);
    } else if (heading) {
      i++;
      out.push(headingOf(heading[1].length, heading[2], linkTo));
    } else if (line.startsWith("|"))
      out.push(
        tableOf(
          take((next) => next.startsWith("|")),
          linkTo,
        ),
      );
    else if (/^ {4}\S/.test(line))
      out.push(
        <pre tabIndex={0}>
          {take((next) => /^ {4}|^\s*$/.test(next))
            .map((l) => l.slice(4))
            .join("\n")
            .trimEnd()}
        </pre>,
      );
    else if (/^([-*]|\d+\.) /.test(line))
      out.push(
        listOf(
          take((next) => /^([-*]|\d+\.) |^ {2,}\S/.test(next)),
          linkTo,
        ),
      );
    else if (line.startsWith(">"))
      out.push(
        <blockquote>
          {blocks(
            take((next) => next.startsWith(">")).map((l) => l.replace(/^> ?/, "")),
            linkTo,
          )}
        </blockquote>,
      );
    else
      out.push(
        <p>
          {inline(
            take((next) => next.trim() !== "" && !/^(#|\||```|[-*] |\d+\. |>)/.test(next)).join(
              " ",
            ),
            linkTo,
          )}
        </p>,
      );
  }
  return out;
}

/** As GitHub makes them, so that links into a page work in both. */
function anchorOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

function headingOf(level: number, text: string, linkTo: LinkTo) {
  const Tag = `h${level}` as "h1";
  return <Tag id={anchorOf(text.replace(/`/g, ""))}>{inline(text, linkTo)}</Tag>;
}

function tableOf(lines: readonly string[], linkTo: LinkTo) {
  const cells = (line: string) =>
    line
      .replace(/^\||\|\s*$/g, "")
      .split(/(?<!\\)\|/)
      .map((cell) => cell.replace(/\\\|/g, "|").trim());
  const [head, , ...rows] = lines;
  return (
    <div class="scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {cells(head).map((cell) => (
              <th>{inline(cell, linkTo)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {cells(row).map((cell) => (
                <td>{inline(cell, linkTo)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function listOf(lines: readonly string[], linkTo: LinkTo) {
  const items: string[][] = [];
  for (const line of lines) {
    if (/^([-*]|\d+\.) /.test(line)) items.push([line.replace(/^([-*]|\d+\.) +/, "")]);
    else items[items.length - 1].push(line.replace(/^ {2,3}/, ""));
  }
  const Tag = /^\d/.test(lines[0]) ? "ol" : "ul";
  return (
    <Tag class="list">
      {items.map((item) => (
        <li>
          {item.length === 1 || item.every((l) => !/^([-*] |```|\s*$)/.test(l))
            ? inline(item.join(" "), linkTo)
            : blocks(item, linkTo)}
        </li>
      ))}
    </Tag>
  );
}

const spans =
  /`([^`]+)`|!\[([^\]]*)\]\(([^)\s]+)\)|\[((?:[^\]`]|`[^`]*`)+)\]\(([^)\s]+)\)|\*\*([^*]+)\*\*|(?<![\w*])[*_]([^*_\s][^*_]*)[*_](?!\w)/g;

function inline(text: string, linkTo: LinkTo): ComponentChild[] {
  const out: ComponentChild[] = [];
  let end = 0;
  for (const match of text.matchAll(spans)) {
    out.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    out.push(spanOf(match, linkTo));
  }
  return [...out, text.slice(end)];
}

function spanOf(
  [whole, code, alt, image, label, href, strong, em]: RegExpExecArray,
  linkTo: LinkTo,
): ComponentChild {
  if (code !== undefined) return <code>{code}</code>;
  if (image !== undefined) {
    const place = linkTo(image);
    return place ? <img src={place.href} alt={alt} loading="lazy" /> : alt;
  }
  if (label !== undefined) {
    const place = linkTo(href);
    return place ? <a {...place}>{inline(label, linkTo)}</a> : <>{inline(label, linkTo)}</>;
  }
  if (strong !== undefined) return <b>{inline(strong, linkTo)}</b>;
  return em === undefined ? whole : <i>{inline(em, linkTo)}</i>;
}
