import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { codeKey } from "../../value/coupon-code.ts";
import { symbols } from "../code/code.ts";
import { couponsById } from "../coupon.ts";
import type { Coupon } from "../table.ts";

/**
 * The coupon that carries a code, for whoever serves its holder; however it is typed: capitals, blanks and dashes do
 * not matter. Undefined for a code that no coupon carries (yet).
 */
export async function couponByCode(ctx: Context, typed: string): Promise<Coupon | undefined> {
  const key = codeKey(typed);
  if (key === "") return undefined;
  const found = await ctx.db.first<{ id: number }>(sql`
    SELECT id FROM coupon WHERE code IN (SELECT value FROM json_each(${JSON.stringify(spellings(typed))}))
    UNION ALL SELECT coupon FROM pool_code WHERE key = ${key} AND coupon IS NOT NULL LIMIT 1`);
  return found && (await couponsById(ctx, [found.id]))[0];
}

/**
 * How the code of a coupon may be written: as it was typed, in capitals, and as codes are made here: a prefix, a
 * hyphen, and the last 14 symbols, of which none is misread. Codes of pools are found by their key.
 */
function spellings(typed: string): string[] {
  const bare = typed.normalize("NFKC").replace(/[\s\p{Cf}]/gu, "");
  const capitals = bare.toUpperCase().replace(/\p{Pd}/gu, "-");
  const letters = capitals.replaceAll("-", "");
  const [prefix, body] = [letters.slice(0, -symbols - 1), codeKey(letters.slice(-symbols - 1))];
  return [bare, capitals, prefix ? `${prefix}-${body}` : body];
}
