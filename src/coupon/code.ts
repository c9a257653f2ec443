import { randomInt } from "node:crypto";

/** Crockford's base 32: no I, L, O or U, so that nothing is misread. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const checkAlphabet = `${alphabet}*~$=U`;
/** 13 symbols of 5 bits: 65 random bits. */
const symbols = 13;

/**
 * A new code: the template's prefix, 65 random bits in Crockford base 32, and his check symbol (the number modulo 37), e.g.
 * `SUMMER-7ZP4Q1M9XK2VB3`. Two alike are as good as impossible; the database refuses a second one all the same.
 */
export function makeCode(prefix: string): string {
  const body = Array.from({ length: symbols }, () => alphabet[randomInt(alphabet.length)]).join("");
  return `${prefix === "" ? "" : `${prefix}-`}${body}${checkSymbol(body)}`;
}

/** Crockford's check symbol of a number written in base 32. */
export function checkSymbol(body: string): string {
  let rest = 0;
  for (const symbol of body) rest = (rest * 32 + alphabet.indexOf(symbol)) % 37;
  return checkAlphabet[rest] ?? "";
}
