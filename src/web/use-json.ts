import { useEffect, useRef, useState } from "preact/hooks";

export type Answer<T> =
  | { readonly state: "loading"; readonly data?: T }
  | { readonly state: "ready"; readonly data: T }
  /** `data`: what was there before. */
  | {
      readonly state: "failed";
      readonly problem: string;
      readonly status: number;
      readonly data?: T;
    };

const FIRST_RETRY_MS = 1500;
const LAST_RETRY_MS = 20_000;

/**
 * What the server answers at an address; null asks nothing. Asked again when `version` changes,
 * with the old answer shown meanwhile, and again and again while the server cannot be reached or
 * has an error of its own.
 */
export function useJson<T>(
  url: string | null,
  version: unknown = 0,
): { answer: Answer<T>; retry: () => void } {
  const [answer, setAnswer] = useState<Answer<T>>({ state: "loading" });
  const [asked, setAsked] = useState(0);
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (url === null) return;
    const aborter = new AbortController();
    if (shown.current !== url) setAnswer({ state: "loading" });
    shown.current = url;
    void ask<T>(url, aborter.signal, FIRST_RETRY_MS, (news) =>
      setAnswer((old) =>
        news.state === "failed" && old.data !== undefined ? { ...news, data: old.data } : news,
      ),
    );
    return () => aborter.abort();
  }, [url, version, asked]);
  return { answer, retry: () => setAsked((n) => n + 1) };
}

async function ask<T>(
  url: string,
  signal: AbortSignal,
  delay: number,
  show: (answer: Answer<T>) => void,
): Promise<void> {
  try {
    const response = await fetch(url, { signal });
    const body = (await response.json()) as T & { error?: string };
    if (response.ok) return show({ state: "ready", data: body });
    show({
      state: "failed",
      status: response.status,
      problem: body.error ?? `the server answers ${response.status}`,
    });
    if (response.status < 500) return;
  } catch {
    if (signal.aborted) return;
    show({ state: "failed", status: 0, problem: "the server cannot be reached; asking again …" });
  }
  const timer = setTimeout(
    () => void ask(url, signal, Math.min(LAST_RETRY_MS, delay * 2), show),
    delay,
  );
  signal.addEventListener("abort", () => clearTimeout(timer));
}
