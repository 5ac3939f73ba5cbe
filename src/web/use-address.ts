import { useEffect, useState } from "preact/hooks";

/**
 * The query part of the page's address as state: what is set there is a view that can be linked to
 * and gone back to.
 */
export function useAddress(): {
  get: (name: string) => string | null;
  set: (changes: Readonly<Record<string, string | null>>, how?: "push" | "replace") => void;
} {
  const [query, setQuery] = useState(location.search);
  useEffect(() => {
    const onBack = () => setQuery(location.search);
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, []);
  const params = new URLSearchParams(query);
  return {
    get: (name) => params.get(name),
    set: (changes, how = "replace") => {
      const next = new URLSearchParams(location.search);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") next.delete(name);
        else next.set(name, value);
      }
      const text = next.size > 0 ? `?${next}` : "";
      if (text === location.search) return;
      history[how === "push" ? "pushState" : "replaceState"](null, "", location.pathname + text);
      dispatchEvent(new PopStateEvent("popstate")); // to whoever else uses it on this page
    },
  };
}

/** The parts of the path behind the page's own name: `/object/ztf/X` → ["ztf", "X"]. */
export function pathParts(): string[] {
  return location.pathname
    .split("/")
    .slice(2)
    .filter((part) => part !== "")
    .map(decodeURIComponent);
}
