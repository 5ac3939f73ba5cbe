import { eventClass, exponential, gaussian, normalWithin, starFormation } from "./extragalactic.ts";
import { blackBody, blanketed, parabolicRise } from "./light-curves.ts";

export const typeII = eventClass({
  name: "type_ii",
  title: "Type II supernova",
  about:
    "A fast rise, a plateau in r that declines by 0 … 3 mag in 100 days (brighter ones faster, from IIP to IIL), its end, and the tail of radioactive " +
    "cobalt; colours of a black body that cools from 14,000 K at explosion to 5,500 K, absorbed by lines below 450 nm once it is cool. 65 % of the " +
    "core-collapse rate, which follows star formation.",
  papers: [
    "Perley et al. 2020, ApJ 904, 35 (core-collapse rate)",
    "Shivvers et al. 2017, PASP 129, 054201 (share)",
    "Anderson et al. 2014, ApJ 786, 67; Olivares et al. 2010, ApJ 715, 833 (light curves)",
    "Richardson et al. 2014, AJ 147, 118 (absolute magnitudes)",
  ],
  simbadType: "SN*",
  tnsType: "SN II",
  lastsDays: [-40, 450],
  population: {
    density: (z) => 0.65 * 1.0e-4 * starFormation(z),
    brightest: -19.2,
    faintest: -13.5,
    abundance: gaussian(-16.5, 1.05),
  },
  host: { characteristicMagnitude: -20.8, earlyShare: 0, place: "where the light is" },
  hostAv: exponential(0.3),
  light(random, absoluteMagnitude) {
    const riseDays = normalWithin(random, 11, 3, 5, 20);
    const declinePer100Days = normalWithin(
      random,
      0.9 - 0.5 * (absoluteMagnitude + 16.5),
      0.5,
      0,
      3.5,
    );
    const plateauDays = normalWithin(random, 90 - 8 * declinePer100Days, 12, 50, 120);
    const dropMagnitudes = normalWithin(random, 1.8, 0.3, 1, 2.6);
    return {
      at(days, restNm) {
        const rise = parabolicRise(days, riseDays);
        if (rise === 0) return 0;
        const end = 1 / (1 + Math.exp((plateauDays - days) / 5));
        // cobalt fades by 0.98 mag in 100 days
        const slope =
          days < 0
            ? 0
            : (Math.min(days, plateauDays) * declinePer100Days +
                Math.max(0, days - plateauDays) * 0.98) /
              100;
        const kelvin = 5500 + 8500 * Math.exp(-(days + riseDays) / 14);
        const lines = blanketed(restNm, 450, 4 * (1 - Math.exp(-(days + riseDays) / 30)));
        return (
          rise *
          Math.exp(-0.921 * (slope + dropMagnitudes * end)) *
          blackBody(restNm, kelvin, 622) *
          lines
        );
      },
      parameters: { riseDays, declinePer100Days, plateauDays, dropMagnitudes },
    };
  },
});
