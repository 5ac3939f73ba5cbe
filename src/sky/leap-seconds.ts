const secondsPerDay = 86_400;

/**
 * TAI − UTC in seconds on a day (MJD, UTC): whole seconds since 1972 (IERS Bulletin C), 37 since
 * 2017 until further notice; the 10 of 1972 for days before.
 */
export function taiMinusUtc(mjdUtc: number): number {
  let leaps = leapDays.length;
  while (leaps > 0 && leapDays[leaps - 1] > mjdUtc) leaps--;
  return 10 + leaps;
}

/**
 * MJD in UTC → MJD in TAI. A day that ends with a leap second has 86,401 s, over which its MJD runs
 * from one whole number to the next, as in ERFA and astropy.
 */
export function taiOfUtc(mjdUtc: number): number {
  const day = Math.floor(mjdUtc);
  return startInTai(day) + (mjdUtc - day) * (startInTai(day + 1) - startInTai(day));
}

/** MJD in TAI → MJD in UTC. */
export function utcOfTai(mjdTai: number): number {
  const date = Math.floor(mjdTai);
  const day = startInTai(date) > mjdTai ? date - 1 : date;
  return day + (mjdTai - startInTai(day)) / (startInTai(day + 1) - startInTai(day));
}

function startInTai(day: number): number {
  return day + taiMinusUtc(day) / secondsPerDay;
}

/** The first days, MJD, after a leap second: from 1972-07-01 to 2017-01-01. */
const leapDays = [
  41499, 41683, 42048, 42413, 42778, 43144, 43509, 43874, 44239, 44786, 45151, 45516, 46247, 47161,
  47892, 48257, 48804, 49169, 49534, 50083, 50630, 51179, 53736, 54832, 56109, 57204, 57754,
];
