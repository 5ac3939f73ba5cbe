import { eventClass, exponential, gaussian, normalWithin, starFormation } from "./extragalactic.ts";
import { bazin, blackBody, blanketed } from "./light-curves.ts";

export const typeIbc = eventClass({
  name: "type_ibc",
  title: "Type Ib or Ic supernova",
  about:
    "A Bazin curve in r that goes over into the tail of radioactive cobalt, with the colours of a black body that cools from 8,000 to 5,000 K, " +
    "absorbed by lines below 420 nm. 26 % of the core-collapse rate, which follows star formation.",
  papers: [
    "Perley et al. 2020, ApJ 904, 35 (core-collapse rate)",
    "Shivvers et al. 2017, PASP 129, 054201 (share)",
    "Drout et al. 2011, ApJ 741, 97; Taddia et al. 2018, A&A 609, A136 (light curves, extinction)",
    "Richardson et al. 2014, AJ 147, 118 (absolute magnitudes)",
  ],
  simbadType: "SN*",
  tnsType: "SN Ib/c",
  lastsDays: [-80, 350],
  population: {
    density: (z) => 0.26 * 1.0e-4 * starFormation(z),
    brightest: -19.8,
    faintest: -15,
    abundance: gaussian(-17.2, 0.85),
  },
  host: { characteristicMagnitude: -20.8, earlyShare: 0, place: "where the light is" },
  hostAv: exponential(0.5),
  light(random) {
    const riseDays = normalWithin(random, 5.5, 1.5, 3, 10);
    const fallDays = riseDays + normalWithin(random, 9.5, 4, 4, 25);
    const peakKelvin = normalWithin(random, 8000, 700, 6500, 10000);
    return {
      at(days, restNm) {
        const kelvin = Math.max(5000, peakKelvin * Math.exp(-Math.max(days, -10) / 35));
        const tail = days > 0 ? 1 - Math.exp(-days / 30) : 0;
        const brightness = bazin(days, riseDays, fallDays) + 0.2 * tail * Math.exp(-days / 60);
        return brightness * blackBody(restNm, kelvin, 622) * blanketed(restNm, 420, 3);
      },
      parameters: { riseDays, fallDays, peakKelvin },
    };
  },
});
