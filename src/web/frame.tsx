import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Connection } from "./feed.ts";
import { formatUtc } from "./format.ts";
import { isDark, onThemeChange, switchTheme } from "./theme.ts";

const entries = [
  { path: "/", name: "Now", icon: "M12 3a9 9 0 1 0 9 9M12 7v5l3 2" },
  { path: "/live", name: "Live", icon: "M2 12h5l3-8 4 16 3-8h5" },
];

/** What every page has around it: where to go, the state of the connection, the theme. */
export function Frame({ path, connection, retry, children }: { path: string; connection: Connection; retry: () => void; children: ComponentChildren }) {
  return (
    <>
      <nav class="rail" aria-label="Pages">
        <a class="brand" href="/">
          Fink
        </a>
        {entries.map((entry) => (
          <a key={entry.path} href={entry.path} aria-current={entry.path === path ? "page" : undefined}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={entry.icon} />
            </svg>
            {entry.name}
          </a>
        ))}
        <ThemeSwitch />
      </nav>
      <main class={connection.state}>
        <ConnectionState connection={connection} retry={retry} />
        {children}
      </main>
    </>
  );
}

function ThemeSwitch() {
  const [dark, setDark] = useState(isDark);
  useEffect(() => onThemeChange(() => setDark(isDark())), []);
  const other = dark ? "Light" : "Dark";
  return (
    <button type="button" class="theme" title={`Change to the ${other.toLowerCase()} theme`} onClick={switchTheme}>
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
      ✗ No connection to the server since {formatUtc(connection.since).slice(11)} UTC. {seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again …"}{" "}
      <button type="button" onClick={retry}>
        Try now
      </button>
    </p>
  );
}
