/** Of half-months (the first 24) and of bodies in one; the Minor Planet Center leaves out I. */
const letters = "ABCDEFGHJKLMNOPQRSTUVWXYZ";
const [halfMonths, firstYear, years] = [24, 2000, 26];

/**
 * A provisional designation, unpacked, as "2014 RU77": another one for each number, and
 * neighbouring numbers years apart.
 */
export function designationOf(number: number): string {
  const perCycle = years * halfMonths * letters.length;
  // a prime that does not divide it: no two numbers meet
  const order = ((number % perCycle) * 8191) % perCycle;
  const cycle = Math.floor(number / perCycle);
  const year = firstYear + (order % years);
  const halfMonth = letters[Math.floor(order / years) % halfMonths];
  const letter = letters[Math.floor(order / years / halfMonths)];
  return `${year} ${halfMonth}${letter}${cycle === 0 ? "" : cycle}`;
}
