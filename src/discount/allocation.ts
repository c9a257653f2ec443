/** ⌊amount × part ÷ whole⌋, exact for whole numbers however large their product. */
export function share(amount: number, part: number, whole: number): number {
  const product = amount * part;
  if (Number.isSafeInteger(product)) return Math.floor(product / whole);
  return Number((BigInt(amount) * BigInt(part)) / BigInt(whole));
}

/**
 * Splits an amount over weights so that the parts add up to it exactly, by the largest remainder (Hamilton's method):
 * each gets ⌊amount × weight ÷ sum of weights⌋, and one unit more goes to those with the largest remainders, of equal
 * ones to the earlier. No part is above its weight as long as the amount is not above their sum; all in whole numbers
 * from 0.
 */
export function allocate(amount: number, weights: readonly number[]): number[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  if (amount > whole) throw new RangeError(`${amount} cannot be split over ${whole}`);
  if (amount === 0) return weights.map(() => 0);
  const parts = weights.map((weight) => share(amount, weight, whole));
  const rest = amount - parts.reduce((sum, part) => sum + part, 0);
  if (rest === 0) return parts;
  const remainders = weights.map((weight) => remainder(amount, weight, whole));
  const order = [...weights.keys()].sort((a, b) => larger(remainders[a], remainders[b]) || a - b);
  for (const index of order.slice(0, rest)) parts[index] = (parts[index] ?? 0) + 1;
  return parts;
}

/** Sorts larger ones first. */
function larger(a: bigint | number = 0, b: bigint | number = 0): number {
  return a > b ? -1 : a < b ? 1 : 0;
}

function remainder(amount: number, weight: number, whole: number): bigint | number {
  const product = amount * weight;
  return Number.isSafeInteger(product) ? product % whole : (BigInt(amount) * BigInt(weight)) % BigInt(whole);
}
