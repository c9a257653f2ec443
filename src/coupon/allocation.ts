/** ⌊amount × part ÷ whole⌋, exact for whole numbers however large their product. */
export function share(amount: number, part: number, whole: number): number {
  const product = amount * part;
  if (Number.isSafeInteger(product)) return Math.floor(product / whole);
  return Number((BigInt(amount) * BigInt(part)) / BigInt(whole));
}

/**
 * Splits an amount over weights so that the parts add up to it exactly, by the largest remainder (Hamilton's method): each gets
 * ⌊amount × weight ÷ sum of weights⌋, and one unit more goes to those with the largest remainders, of equal ones to the earlier. No part is
 * above its weight as long as the amount is not above their sum; all in whole numbers from 0.
 */
export function allocate(amount: number, weights: readonly number[]): number[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  if (amount > whole) throw new RangeError(`${amount} cannot be split over ${whole}`);
  if (amount === 0) return weights.map(() => 0);
  const parts = weights.map((weight) => share(amount, weight, whole));
  let rest = amount - parts.reduce((sum, part) => sum + part, 0);
  const order = weights
    .map((weight, index) => ({ index, remainder: remainder(amount, weight, whole) }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : b.remainder > a.remainder ? 1 : -1));
  for (const { index } of order) {
    if (rest === 0) break;
    parts[index] = (parts[index] ?? 0) + 1;
    rest--;
  }
  return parts;
}

function remainder(amount: number, weight: number, whole: number): bigint | number {
  const product = amount * weight;
  return Number.isSafeInteger(product) ? product % whole : (BigInt(amount) * BigInt(weight)) % BigInt(whole);
}
