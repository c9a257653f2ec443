/** Longer than any code, however it is typed. */
const longestTyped = 200;

/** A code without what a program made of it: full-width signs and all kinds of dashes plain, nothing invisible. */
export function codeText(typed: string): string {
  return typed
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, "")
    .normalize("NFKC")
    .replace(/[\p{Pd}\u2212\u2043\u30FC]/gu, "-")
    .replace(/[\u223C\u02DC]/g, "~")
    .trim();
}

/**
 * What is left of a code however it is typed or pasted: capitals, no blanks, dashes, accents, quotes or points, and
 * what is misread as the digit that it looks like (O is 0, I and L are 1: Crockford). Codes with one key are one code;
 * `pool_code.key` is made of the code by the same rule. Empty for what can be no code.
 */
export function codeKey(typed: string): string {
  if (typed.length > longestTyped) return "";
  return codeText(typed)
    .normalize("NFKD")
    .toUpperCase()
    .replace(/[\s\-\p{M}\p{Ps}\p{Pe}\p{Pi}\p{Pf}"'`´.,;:!?]/gu, "")
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
}
