import { useEffect } from "preact/hooks";
import type { DocPage } from "../api/pages/types.ts";
import { Frame } from "./frame.tsx";
import { Markdown } from "./markdown.tsx";
import { Answered, show } from "./page.tsx";
import { pathParts } from "./use-address.ts";
import { useFeed } from "./use-feed.ts";
import { useJson } from "./use-json.ts";

/** `/docs/<path of the page>`. */
function DocsPage() {
  const { feed, retry } = useFeed();
  const name = pathParts().join("/") || "quickstart";
  const list = useJson<readonly DocPage[]>("/api/pages/docs");
  const page = useJson<{ text: string }>(`/api/pages/docs/text/${encodeURIComponent(name)}`);
  useEffect(() => {
    const title = list.answer.data?.find((p) => p.name === name)?.title;
    if (title) document.title = `${title} · Fink`;
    if (page.answer.data && location.hash !== "")
      document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [list.answer.data, page.answer.data]);
  return (
    <Frame path="/docs" connection={feed.connection} retry={retry}>
      <div class="docs">
        <nav aria-label="Documentation">
          <Answered {...list} waiting="Asking for the pages">
            {(pages) => (
              <ul>
                {pages.map((p) => (
                  <li key={p.name}>
                    <a href={`/docs/${p.name}`} aria-current={p.name === name ? "page" : undefined}>
                      {p.title}
                    </a>
                  </li>
                ))}
                <li>
                  <a href="/api/docs">API reference</a>
                </li>
                <li>
                  <a href="/status">Services and versions</a>
                </li>
              </ul>
            )}
          </Answered>
        </nav>
        <article>
          <Answered {...page} waiting={`Reading ${name}`}>
            {({ text }) => <Markdown text={text} linkTo={(href) => linkFrom(name, href)} />}
          </Answered>
        </article>
      </div>
    </Frame>
  );
}

/**
 * Where a link of a page leads here: to another page, a picture, or away; null for files that are
 * not served.
 */
export function linkFrom(
  name: string,
  href: string,
): { href: string; target?: string; rel?: string } | null {
  if (/^https?:/.test(href)) return { href, target: "_blank", rel: "noopener noreferrer" };
  if (href.startsWith("#")) return { href };
  if (/^[a-z]+:/i.test(href)) return null;
  const { pathname, hash } = new URL(href, `http://docs/${name}`);
  if (href.startsWith("..") && !name.includes("/")) return null;
  if (pathname.endsWith(".svg"))
    return { href: `/api/pages/docs/image/${encodeURIComponent(pathname.slice(1))}` };
  return pathname.endsWith(".md") ? { href: `/docs${pathname.slice(0, -3)}${hash}` } : null;
}

show(<DocsPage />);
