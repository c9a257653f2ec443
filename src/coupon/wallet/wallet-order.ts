import { type SQL, sql } from "drizzle-orm";
import type { WalletStatus } from "../cache/wallet-cache.ts";
import type { Coupon } from "../table.ts";

type Place = Pick<Coupon, "id" | "validTo">;

/** Later than all that is valid for a time. */
const never = Number.MAX_SAFE_INTEGER;

/**
 * What may still be used comes with the soonest end first, what is over with the latest first; of one end, by its
 * number.
 */
function isForward(status: WalletStatus): boolean {
  return status === "AVAILABLE" || status === "LOCKED";
}

/** The order of a list, for `sort`. */
export function inOrder(status: WalletStatus): (a: Place, b: Place) => number {
  const sign = isForward(status) ? 1 : -1;
  return (a, b) => sign * ((a.validTo ?? never) - (b.validTo ?? never) || a.id - b.id);
}

/** The same in SQL. */
export function orderOf(status: WalletStatus): SQL {
  const way = sql.raw(isForward(status) ? "ASC" : "DESC");
  return sql`coalesce(valid_to, ${never}) ${way}, id ${way}`;
}

/** Whether a row comes after this place. */
export function isAfter(status: WalletStatus, { id, validTo }: Place): SQL {
  const than = sql.raw(isForward(status) ? ">" : "<");
  return sql`(coalesce(valid_to, ${never}), id) ${than} (${validTo ?? never}, ${id})`;
}
