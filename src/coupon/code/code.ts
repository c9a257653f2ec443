import { randomBytes } from "node:crypto";
import { codeKey } from "../../value/coupon-code.ts";

/** Crockford's base 32: no I, L, O or U, so that nothing is misread. */
export const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** The same, and his five more for remainders of 37. */
export const checkAlphabet = `${alphabet}*~$=U`;
/** 13 symbols of 5 bits: 65 random bits. */
export const symbols = 13;

/**
 * A new code: the template's prefix, 65 random bits in Crockford base 32, and his check symbol (the number modulo 37),
 * e.g. `SUMMER-7ZP4Q1M9XK2VB3`. Two alike are as good as impossible; the database refuses a second one all the same.
 */
export function makeCode(prefix: string): string {
  return makeCodes(prefix, 1).join("");
}

/** `n` new codes, see {@link makeCode}. */
export function makeCodes(prefix: string, n: number): string[] {
  const random = randomBytes(n * symbols);
  const begin = prefix === "" ? "" : `${prefix}-`;
  return Array.from({ length: n }, (_, code) => {
    let body = "";
    // 32 divides 256: every symbol is as likely as any other.
    for (let at = code * symbols; at < (code + 1) * symbols; at++) body += alphabet[(random[at] ?? 0) % 32];
    return `${begin}${body}${checkSymbol(body)}`;
  });
}

/** Crockford's check symbol of a number written in base 32. */
export function checkSymbol(body: string): string {
  let rest = 0;
  for (const symbol of body) rest = (rest * 32 + alphabet.indexOf(symbol)) % 37;
  return checkAlphabet[rest] ?? "";
}

/**
 * Whether what was typed can be a code that was made here, without asking the database: it ends in 13 symbols and their
 * check symbol. One wrong symbol, or two that changed places, is always told. Uploaded codes have no check symbol, so
 * that this refuses nothing by itself.
 */
export function isWellTyped(typed: string): boolean {
  const key = codeKey(typed);
  const body = key.slice(-symbols - 1, -1);
  return (
    body.length === symbols && [...body].every((symbol) => alphabet.includes(symbol)) && key.endsWith(checkSymbol(body))
  );
}
