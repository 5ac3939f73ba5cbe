import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Connection } from "./feed.ts";
import { formatUtc } from "./format.ts";
import { isDark, onThemeChange, switchTheme } from "./theme.ts";

/** In this order; a page that is not there has no entry. */
const entries = [
  { path: "/", name: "Now", icon: "M12 3a9 9 0 1 0 9 9M12 7v5l3 2" },
  {
    path: "/sky",
    name: "Sky",
    icon: "M2 12a10 6 0 1 0 20 0a10 6 0 1 0-20 0M12 6c-4 3-4 9 0 12M12 6c4 3 4 9 0 12M2 12h20",
  },
  { path: "/search", name: "Search", icon: "M10 4a6 6 0 1 0 0 12a6 6 0 1 0 0-12M15 15l6 6" },
  {
    path: "/aggregation",
    name: "Aggregation",
    icon: "M4 20V4M4 20h17M8 20v-6M12 20V8M16 20v-9M20 20V6",
  },
  { path: "/filters", name: "Filters", icon: "M3 5h18l-7 8v6l-4 2v-8z" },
  {
    path: "/account",
    name: "Account",
    icon: "M4 5h16M4 10h16M4 15h9M4 20h9M15 17l2.500 2.500L22 14",
  },
  { path: "/docs", name: "Docs", icon: "M5 4h10l4 4v12H5zM9 12h6M9 16h6" },
];

interface FrameProps {
  /** Which entry of the rail is this page. */
  readonly path: string;
  readonly connection: Connection;
  readonly retry: () => void;
  /** What the search box holds at first. */
  readonly query?: string;
  readonly children: ComponentChildren;
}

/** What every page has around it: where to go, search, the state of the connection, the theme. */
export function Frame({ path, connection, retry, query = "", children }: FrameProps) {
  return (
    <>
      <nav class="rail" aria-label="Pages">
        <a class="brand" href="/">
          Fink
        </a>
        {entries.map((entry) => (
          <a
            key={entry.path}
            href={entry.path}
            aria-current={entry.path === path ? "page" : undefined}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={entry.icon} />
            </svg>
            {entry.name}
          </a>
        ))}
        <ThemeSwitch />
      </nav>
      <main class={connection.state}>
        <SearchBox query={query} />
        <ConnectionState connection={connection} retry={retry} />
        {children}
      </main>
    </>
  );
}

/** `/` puts the cursor here from anywhere. */
function SearchBox({ query }: { query: string }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping =
        event.target instanceof HTMLElement &&
        /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.select();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const go = (event: Event) => {
    event.preventDefault();
    const text = input.current?.value.trim() ?? "";
    if (text !== "") location.assign(`/search?q=${encodeURIComponent(text)}`);
  };
  return (
    <form class="search" role="search" onSubmit={go}>
      <input
        ref={input}
        type="search"
        name="q"
        defaultValue={query}
        placeholder="Id, position and radius, name, class or filter"
        aria-label="Search"
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        maxLength={300}
      />
      <button type="submit">Search</button>
    </form>
  );
}

function ThemeSwitch() {
  const [dark, setDark] = useState(isDark);
  useEffect(() => onThemeChange(() => setDark(isDark())), []);
  const other = dark ? "Light" : "Dark";
  return (
    <button
      type="button"
      class="theme"
      title={`Change to the ${other.toLowerCase()} theme`}
      onClick={switchTheme}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18" />
      </svg>
      {other}
    </button>
  );
}

function ConnectionState({ connection, retry }: { connection: Connection; retry: () => void }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  if (connection.state !== "lost") return null;
  const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1000));
  return (
    <p class="lost-connection" role="alert">
      ✗ No connection to the server since {formatUtc(connection.since).slice(11)} UTC.{" "}
      {seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again …"}{" "}
      <button type="button" onClick={retry}>
        Try now
      </button>
    </p>
  );
}
