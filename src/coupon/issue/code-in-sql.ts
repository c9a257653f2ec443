import { type SQL, sql } from "drizzle-orm";
import { alphabet, checkAlphabet, symbols } from "../code/code.ts";

/** Symbols of 5 bits that one random number of SQLite's, of 64 bits, yields. */
const perNumber = 12;

/** What {@link codeOf} needs in the row before it. SQLite's generator is a stream cipher keyed by the system. */
export const randomColumns: SQL = sql.raw("random() AS r0, random() AS r1");

/** The SQL twin of `makeCode`: a code of the same form, made in the database, for as many rows as there are. */
export function codeOf(prefix: string): SQL {
  const digits = Array.from(
    { length: symbols },
    (_, i) => `((r${Math.floor(i / perNumber)} >> ${5 * (i % perNumber)}) & 31)`,
  );
  const body = digits.map((digit) => `substr('${alphabet}', 1 + ${digit}, 1)`).join(" || ");
  const weights = digits.map((_, i) => weightOf(symbols - 1 - i));
  const rest = digits.map((digit, i) => `${weights[i]} * ${digit}`).join(" + ");
  const check = `substr('${checkAlphabet}', 1 + (${rest}) % 37, 1)`;
  return sql`${prefix === "" ? "" : `${prefix}-`} || ${sql.raw(body)} || ${sql.raw(check)}`;
}

/** What a symbol at this place, counted from the right, is worth modulo 37. */
function weightOf(place: number): number {
  let weight = 1;
  for (let i = 0; i < place; i++) weight = (weight * 32) % 37;
  return weight;
}
