import { sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";
import { messageChannels } from "../ledger/channel.ts";
import type { FrozenRun } from "./frozen.ts";

/**
 * The statement that begins to count what comes of a run, behind the one that begins it. Whom it reaches is counted
 * member by member only where several channels may each send it to one; elsewhere the sums of its sends say it.
 */
export function openFunnel(run: number, { reach, channels }: Pick<FrozenRun, "reach" | "channels">): Query {
  const reached = reach === "EACH" && messageChannels(channels).length > 1 ? 0 : null;
  return sql`
    INSERT INTO funnel (run, reached) SELECT id, ${reached} FROM run WHERE id = ${run} AND state = 'RUNNING'
    ON CONFLICT DO NOTHING`;
}
