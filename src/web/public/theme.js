// Loaded before the first paint, so that the page does not flash in the other theme.
const light = matchMedia("(prefers-color-scheme: light)");
function applyTheme() {
  document.documentElement.dataset.theme =
    localStorage.getItem("theme") ?? (light.matches ? "light" : "dark");
  dispatchEvent(new Event("themechange"));
}
light.addEventListener("change", applyTheme);
addEventListener("storage", applyTheme);
applyTheme();
