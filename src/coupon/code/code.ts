import { codeKey } from "../../value/coupon-code.ts";

/** Crockford's base 32: no I, L, O or U, so that nothing is misread. */
export const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** The same, and his five more for remainders of 37: codes of earlier times may end in one. */
const checkAlphabet = `${alphabet}*~$=U`;
/** 13 symbols of 5 bits: more than 64 random bits. */
export const symbols = 13;

/**
 * A new code: the template's prefix, 13 random symbols of Crockford's base 32, and his check symbol (the number modulo
 * 37) where that is one of the 32, e.g. `SUMMER-7ZP4Q1M9XK2VB3`. Two alike are as good as impossible; the database
 * refuses a second one all the same.
 */
export function makeCode(prefix: string): string {
  return makeCodes(prefix, 1).join("");
}

/** `n` new codes, see {@link makeCode}. */
export function makeCodes(prefix: string, n: number): string[] {
  const begin = prefix === "" ? "" : `${prefix}-`;
  // 32 divides 256: every symbol is as likely as any other.
  return Array.from({ length: n }, () => begin + checked(crypto.getRandomValues(new Uint8Array(symbols))));
}

/**
 * 13 symbols, of which the lowest 5 bits count, and their check symbol. Where that would be none of the 32 signs, which
 * break neither in print nor in texts and addresses, the last symbol is 16 away: then it is one.
 */
export function checked(dice: ArrayLike<number>): string {
  const digits = Array.from(dice, (number) => number & 31);
  const rest = remainder(digits);
  if (rest >= alphabet.length) digits.push((digits.pop() ?? 0) ^ 16);
  return [...digits, remainder(digits)].map((digit) => alphabet[digit]).join("");
}

/** Of a number written in base 32, modulo 37. */
function remainder(digits: readonly number[]): number {
  return digits.reduce((rest, digit) => (rest * 32 + digit) % 37, 0);
}

/**
 * Whether what was typed can be a code that was made here, without asking the database: it ends in 13 symbols and their
 * check symbol. One wrong symbol, or two that changed places, is always told. Uploaded codes have no check symbol, so
 * that this refuses nothing by itself.
 */
export function isWellTyped(typed: string): boolean {
  const key = codeKey(typed);
  const digits = [...key.slice(-symbols - 1, -1)].map((symbol) => alphabet.indexOf(symbol));
  const isMade = digits.length === symbols && !digits.includes(-1);
  return isMade && key.at(-1) === checkAlphabet[remainder(digits)];
}
