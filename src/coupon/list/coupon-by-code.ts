import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { codeKey } from "../../value/coupon-code.ts";
import { symbols } from "../code/code.ts";
import { couponsById } from "../coupon.ts";
import type { Coupon } from "../table.ts";
import { isReachable } from "../template/template.ts";

/**
 * The coupon that carries a code, for whoever serves its holder; however it is typed: capitals, blanks and dashes do
 * not matter. Undefined for a code that no coupon carries (yet).
 */
export async function couponByCode(ctx: Context, typed: string): Promise<Coupon | undefined> {
  const key = codeKey(typed);
  if (key === "") return undefined;
  const found = await ctx.db.first<{ id: number }>(sql`
    SELECT c.id FROM (
      SELECT id FROM coupon WHERE code IN (SELECT value FROM json_each(${JSON.stringify(spellings(typed))}))
      UNION ALL SELECT coupon FROM pool_code WHERE key = ${key} AND coupon IS NOT NULL) found
    CROSS JOIN coupon c ON c.id = found.id WHERE ${isReachable(ctx, sql`c.template`)} LIMIT 1`);
  return found && (await couponsById(ctx, [found.id]))[0];
}

/**
 * How the code of a coupon may be written: as it was typed, in capitals, and as codes are made here: a prefix, a
 * hyphen, and the last 14 symbols, of which none is misread; those of the prefix, a word of the template's name, may
 * be. Codes of pools are found by their key.
 */
function spellings(typed: string): string[] {
  const bare = typed.normalize("NFKC").replace(/[\s\p{Cf}]/gu, "");
  const capitals = bare.toUpperCase().replace(/\p{Pd}/gu, "-");
  const letters = capitals.replaceAll("-", "");
  const [prefix, body] = [letters.slice(0, -symbols - 1), codeKey(letters.slice(-symbols - 1))];
  return [bare, capitals, ...(prefix ? readings(prefix).map((each) => `${each}-${body}`) : [body])];
}

/** What is taken for each other; of prefixes that are full of these there are too many readings to look for. */
const alike: Readonly<Record<string, string>> = { "0": "0O", O: "0O", "1": "1IL", I: "1IL", L: "1IL" };
const mostReadings = 256;

function readings(prefix: string): string[] {
  return [...prefix].reduce<string[]>(
    (read, sign) => {
      const signs = [...(alike[sign] ?? sign)];
      return read.length * signs.length > mostReadings
        ? read.map((begin) => begin + sign)
        : read.flatMap((begin) => signs.map((each) => begin + each));
    },
    [""],
  );
}
