import { available } from "../require.ts";

/** A Python with fink-client; null (and one line that says why) where there is none. */
export function python(): string | null {
  const path = process.env.FINK_PYTHON ?? "";
  return available(
    "python",
    path !== "",
    "tests with fink-client: set FINK_PYTHON to a Python that has it",
  )
    ? path
    : null;
}
