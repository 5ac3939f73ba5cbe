import { distributionOf } from "../cosmos/distribution.ts";
import { perBand } from "../cosmos/per-band.ts";
import { wavelengthNm } from "../survey/telescope.ts";
import { nucleusClass } from "./active-nucleus.ts";
import { dampedRandomWalk } from "./damped-random-walk.ts";
import { normalWithin } from "./extragalactic.ts";

/** M*_g (K-corrected to z = 2) today. */
const breakMagnitude = -22.08;
const [brightest, faintest] = [-27, -18];

export const agn = nucleusClass({
  name: "agn",
  title: "Active galactic nucleus",
  about:
    "Quasars and Seyfert nuclei: a power law F_ν ∝ ν^−0.5 whose magnitude follows a damped random walk, with amplitude and time scale from luminosity " +
    "and black hole mass, the same in all bands but stronger in the blue. The reference image has the mean. The luminosity function, measured from z = " +
    "0.7 to 4, is continued to nearby Seyfert nuclei.",
  papers: [
    "Palanque-Delabrouille et al. 2013, A&A 551, A29 (luminosity function)",
    "Kelly, Bechtold & Siemiginowska 2009, ApJ 698, 895 (damped random walk)",
    "MacLeod et al. 2010, ApJ 721, 1014 (its parameters)",
  ],
  simbadType: "QSO",
  tnsType: "AGN",
  vsxType: "AGN",
  population: {
    density: () => total,
    brightest,
    faintest,
    abundance: perMpc3AndMagnitude,
    brightening,
  },
  spectrum: { slope: 0.5, band: "g", redshift: 2 },
  hostMagnitude: -21.7,
  margin: 0,
  variation(random, absoluteMagnitude, redshift) {
    // MacLeod et al. 2010, eq. 7, table 1 and section 5.1; M_i = M_g − 0.26 (Richards et al. 2006,
    // AJ 131, 2766)
    const brighter = absoluteMagnitude - 0.26 + 23;
    const logMass = 8.21 - 0.27 * brighter + 0.3 * random.normal();
    const structure =
      10 ** (-0.51 + 0.131 * brighter + 0.18 * (logMass - 9) + 0.1 * random.normal());
    const tauDays =
      (1 + redshift) *
      10 **
        (2.4 + 0.03 * brighter + 0.21 * (logMass - 9) + normalWithin(random, 0, 0.2, -0.5, 0.5));
    const amplitudeMagnitudes = Math.min(0.5, structure / Math.SQRT2);
    const exponent = perBand(
      (band) =>
        0.4 *
        Math.LN10 *
        amplitudeMagnitudes *
        (wavelengthNm[band] / (1 + redshift) / 400) ** -0.479,
    );
    const seed = random.integer(2 ** 31);
    return {
      at: (mjd, band) => Math.expm1(exponent(band) * dampedRandomWalk(seed, tauDays, mjd)),
      parameters: { logMass, tauDays, amplitudeMagnitudes },
    };
  },
});

function perMpc3AndMagnitude(magnitude: number): number {
  const brighter = breakMagnitude - magnitude;
  return 10 ** -5.89 / (10 ** (1.0 * brighter) + 10 ** (0.172 * brighter));
}

const { total } = distributionOf(brightest, faintest, 200, perMpc3AndMagnitude);

/** Pure luminosity evolution: of M*, 4.28 mag until z = 2.2. */
function brightening(redshift: number): number {
  const since = redshift - 2.2;
  return (
    4.28 + 2.5 * (since < 0 ? 0.03 * since - 0.34 * since ** 2 : -0.35 * since - 0.02 * since ** 2)
  );
}
