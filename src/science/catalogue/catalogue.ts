import { didYouMean } from "../../config/nearest.ts";
import { FinkError } from "../../errors.ts";
import { type CatalogueInfo, cataloguesIn } from "../../lake/catalogues.ts";

/** Throws FinkError "usage" for a name the lake does not have. */
export function catalogueNamed(lake: string, name: string): CatalogueInfo {
  const all = cataloguesIn(lake);
  const info = all.find((one) => one.name === name);
  if (info) return info;
  const names = all.map((one) => one.name);
  const meant =
    didYouMean(name, names) ||
    (names.length > 0 ? `; there are ${names.join(", ")}` : "; ./fink catalog add adds one");
  throw new FinkError("usage", `there is no catalogue ${name}${meant}`);
}
