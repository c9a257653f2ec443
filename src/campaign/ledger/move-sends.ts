import { type SQL, sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";
import { countRows, countRowsAs } from "./counts.ts";
import type { SendState } from "./send-state.ts";

/** A change of the state of sends. */
export interface SendMove {
  /** Which rows of the ledger; it must select by what the move itself does not change before the last statement. */
  readonly where: SQL;
  readonly to: SendState;
  readonly reason?: string;
  readonly now: number;
}

/**
 * The statements that move sends, for one batch: the counts of their new state, of the old one, then the rows. The
 * counts come first, while `where` still selects the rows.
 */
export function moveSends({ where, to, reason = "", now }: SendMove): Query[] {
  return [
    countRowsAs(where, { state: to, reason }),
    countRows(where, -1),
    sql`UPDATE send SET state = ${sql.raw(`'${to}'`)}, reason = ${reason}, at = ${now} WHERE ${where}`,
  ];
}
