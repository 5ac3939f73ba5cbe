import { useState } from "preact/hooks";
import { type Stretch, stretches } from "./stretch.ts";

/** How all cutouts are drawn; remembered. */
export interface CutoutLook {
  readonly stretch: Stretch;
  /** Bright is dark. */
  readonly inverted: boolean;
}

/** The look and what changes it. */
export function useCutoutLook(): { look: CutoutLook; controls: preact.JSX.Element } {
  const [look, setLook] = useState<CutoutLook>(() => ({
    stretch: stretches.find((s) => s === localStorage.getItem("stretch")) ?? "asinh",
    inverted: localStorage.getItem("inverted") === "yes",
  }));
  const change = (next: CutoutLook) => {
    localStorage.setItem("inverted", next.inverted ? "yes" : "no");
    localStorage.setItem("stretch", next.stretch);
    setLook(next);
  };
  const controls = (
    <span class="controls">
      <label>
        Stretch{" "}
        <select
          value={look.stretch}
          onChange={(event) => change({ ...look, stretch: event.currentTarget.value as Stretch })}
        >
          {stretches.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-pressed={look.inverted}
        onClick={() => change({ ...look, inverted: !look.inverted })}
      >
        Invert
      </button>
    </span>
  );
  return { look, controls };
}
