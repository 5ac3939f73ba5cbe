import { useState } from "preact/hooks";

/** Whether cutouts are drawn dark on bright, and the button that changes it; remembered. */
export function useInverted(): { inverted: boolean; button: preact.JSX.Element } {
  const [inverted, setInverted] = useState(() => localStorage.getItem("inverted") === "yes");
  const invert = () => {
    localStorage.setItem("inverted", inverted ? "no" : "yes");
    setInverted(!inverted);
  };
  const button = (
    <button type="button" aria-pressed={inverted} onClick={invert}>
      Invert
    </button>
  );
  return { inverted, button };
}
