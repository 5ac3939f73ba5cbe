import { formatMjd } from "./format.ts";
import { tickText } from "./plot-scale.ts";

/** How times are shown: the same instant each. */
export const timeForms = ["mjd", "jd", "date"] as const;
export type TimeForm = (typeof timeForms)[number];
export const timeNames: Readonly<Record<TimeForm, string>> = { mjd: "MJD", jd: "JD", date: "Date" };

const JD_MINUS_MJD = 2_400_000.5;

export function timeText(mjd: number, form: TimeForm): string {
  if (form === "date") return formatMjd(mjd);
  return form === "jd" ? `JD ${(mjd + JD_MINUS_MJD).toFixed(5)}` : `MJD ${mjd.toFixed(5)}`;
}

/** Text of a tick at an MJD; `step` in days. */
export function timeTick(form: TimeForm): (mjd: number, step: number) => string {
  if (form === "mjd") return tickText;
  if (form === "jd") return (mjd, step) => (mjd + JD_MINUS_MJD).toFixed(step < 1 ? 3 : 1);
  return (mjd, step) =>
    step < 1 ? formatMjd(mjd + 1e-6).slice(5, 16) : formatMjd(mjd + 1e-6).slice(0, 10);
}
