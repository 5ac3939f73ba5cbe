/** Modified Julian date of 1970-01-01T00:00 (same time scale). */
export const mjdOfUnixEpoch = 40587;
/** JD − MJD. */
export const jdMinusMjd = 2400000.5;

const msPerDay = 86_400_000;

/** ms since 1970 → MJD, in UTC. */
export function mjdOfMs(ms: number): number {
  return ms / msPerDay + mjdOfUnixEpoch;
}

/** MJD (UTC) → ms since 1970. */
export function msOfMjd(mjd: number): number {
  return (mjd - mjdOfUnixEpoch) * msPerDay;
}

/**
 * The night a time belongs to, as the number YYYYMMDD of its civil date; null for what is no date
 * of ours (before 1900, after 2200, NaN). `shiftHours` moves the change of night away from
 * midnight: -12 makes a night last from noon to noon.
 */
export function nightOfMjd(mjd: number, shiftHours = 0): number | null {
  if (!(mjd > 15020 && mjd < 124594)) return null;
  const date = new Date(msOfMjd(mjd + shiftHours / 24));
  return date.getUTCFullYear() * 10000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
}
