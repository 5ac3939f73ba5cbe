/**
 * SIMBAD types of what may be, or may hold, a supernova or a kilonova: candidates, transients and
 * galaxies, and what Fink writes where it knows nothing. As fink-science (ztf/xmatch/utils and the
 * cuts of its classifiers), and return_list_of_eg_host of fink_utils.
 */
export const hostTypes: ReadonlySet<string> = new Set(
  [
    "BClG, BlueCompG, Candidate_SN*, ClG, Compact_Gr_G, EmG, Fail, Fail 504, Galaxy, GinCl, GinGroup, GinPair, GravLens_Candidate, GroupG, HII_G, High_z_G, IG",
    "LINER, LSB_G, PairG, PartofG, Possible_ClG, Possible_SClG, SN, SN*_Candidate, Seyfert, Seyfert_1, Seyfert_2, StarburstG, SuperClG, Transient, Unknown, Void",
    "galaxy",
  ].flatMap((line) => line.split(", ")),
);

/** An answer of SIMBAD that has not come is as one that failed: it rules nothing out. */
export function mayHostSupernova(cdsxmatch: string | null): boolean {
  return cdsxmatch === null || hostTypes.has(cdsxmatch);
}
