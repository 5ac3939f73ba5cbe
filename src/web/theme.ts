export function isDark(): boolean {
  return document.documentElement.dataset.theme !== "light";
}

/**
 * Switches to the other theme and remembers it; until then the theme is what the system prefers
 * (see public/theme.js).
 */
export function switchTheme(): void {
  const theme = isDark() ? "light" : "dark";
  localStorage.setItem("theme", theme);
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("themechange"));
}

/** Calls back when the colours changed, by whatever cause; returns how to stop. */
export function onThemeChange(callback: () => void): () => void {
  addEventListener("themechange", callback);
  return () => removeEventListener("themechange", callback);
}
