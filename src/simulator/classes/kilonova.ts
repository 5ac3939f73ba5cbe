import { eventClass, exponential, gaussian, normalWithin } from "./extragalactic.ts";
import { blackBody } from "./light-curves.ts";

/** In r, days after the merger. */
const peakDays = 0.7;

export const kilonova = eventClass({
  name: "kilonova",
  title: "Kilonova",
  about:
    "A merger of neutron stars: a black body that cools as t^−0.65 to 2,500 K, so from blue to red within days, and whose surface grows for 3.5 days " +
    "and then recedes. With time scale 1 and 6,000 K after a day it is close to AT2017gfo from g to z for a week. " +
    "320 per Gpc³ and year.",
  papers: [
    "Abbott et al. 2021, ApJ 913, L7 (rate)",
    "Villar et al. 2017, ApJ 851, L21; Drout et al. 2017, Science 358, 1570 (AT2017gfo)",
  ],
  simbadType: "ev",
  tnsType: "Kilonova",
  lastsDays: [-2.5, 30],
  population: {
    density: () => 320e-9,
    brightest: -17.5,
    faintest: -13.5,
    abundance: gaussian(-15.7, 0.8),
  },
  host: { characteristicMagnitude: -21.2, earlyShare: 0.5, place: "where the light is" },
  hostAv: exponential(0.1),
  light(random) {
    const timeScale = Math.exp(normalWithin(random, 0, 0.3, -0.6, 0.6));
    const dayOneKelvin = normalWithin(random, 6000, 700, 4500, 8000);
    const peakKelvin = kelvinAt(peakDays, dayOneKelvin);
    return {
      at(days, restNm) {
        const age = days / timeScale + peakDays;
        if (age <= 0) return 0;
        return (
          (radius(age) / radius(peakDays)) ** 2 *
          blackBody(restNm, kelvinAt(age, dayOneKelvin), 622, peakKelvin)
        );
      },
      parameters: { timeScale, dayOneKelvin },
    };
  },
});

function kelvinAt(days: number, dayOneKelvin: number): number {
  return Math.min(20000, Math.max(2500, dayOneKelvin * days ** -0.65));
}

/** Of the surface from which light escapes, on any scale. */
function radius(days: number): number {
  return days < 3.5 ? days : 3.5 * Math.exp((3.5 - days) / 4.5);
}
