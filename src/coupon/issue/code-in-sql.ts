import { type SQL, sql } from "drizzle-orm";
import { alphabet, symbols } from "../code/code.ts";

/** Symbols of 5 bits that one random number of SQLite's, of 64 bits, yields. */
const perNumber = 12;

/**
 * The SQL twin of `makeCode`: a query of the columns `member` and `code`, a new code for each row of a query of
 * `member`. SQLite's generator is a stream cipher keyed by the system.
 */
export function withNewCodes(members: SQL, prefix: string): SQL {
  return codesOf(sql`SELECT member, random() AS r0, random() AS r1 FROM (${members}) LIMIT -1`, prefix);
}

/**
 * The same of rows that bring their dice: all symbols but the last are in `r0`, that is in `r1`. LIMIT −1 keeps SQLite
 * from merging the queries, which would roll the dice and sum them up anew for each symbol.
 */
export function codesOf(dice: SQL, prefix: string): SQL {
  const digits = Array.from({ length: perNumber }, (_, i) => `((r0 >> ${5 * i}) & 31)`);
  const sum = digits.map((digit, i) => `${weightOf(symbols - 1 - i)} * ${digit}`).join(" + ");
  const summed = sql`SELECT *, r1 & 31 AS last, (${sql.raw(sum)} + (r1 & 31)) % 37 AS rest FROM (${dice}) LIMIT -1`;
  const body = digits.map(symbolAt).join(" || ");
  const last = symbolAt("CASE WHEN rest < 32 THEN last ELSE (last + 16) & 31 END");
  const check = symbolAt("CASE WHEN rest < 32 THEN rest WHEN last < 16 THEN rest + 16 - 37 ELSE rest - 16 END");
  const begin = prefix === "" ? "" : `${prefix}-`;
  return sql`SELECT member, ${begin} || ${sql.raw(`${body} || ${last} || ${check}`)} AS code FROM (${summed})`;
}

function symbolAt(digit: string): string {
  return `substr('${alphabet}', 1 + ${digit}, 1)`;
}

/** What a symbol at this place, counted from the right, is worth modulo 37. */
function weightOf(place: number): number {
  let weight = 1;
  for (let i = 0; i < place; i++) weight = (weight * 32) % 37;
  return weight;
}
