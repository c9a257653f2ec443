import { type SQL, sql } from "drizzle-orm";
import type { Actor } from "../actor.ts";
import { isOwnRow, shopOf } from "../shop.ts";

// What hangs on a campaign – runs, sends, messages – belongs where the campaign does, and is asked for through it.

interface Acting {
  readonly actor: Actor;
}

/** Whether the campaign of this number is the actor's to know of: a condition for what hangs on it. */
export function isCampaignInReach(ctx: Acting, campaign: SQL): SQL {
  return isOwnRow(shopOf(ctx), sql`campaign`, campaign);
}

/** The same of the run of this number. */
export function isRunInReach(ctx: Acting, run: SQL): SQL {
  if (shopOf(ctx) === "") return sql`1`;
  return sql`EXISTS (
    SELECT 1 FROM run its_run WHERE its_run.id = ${run} AND ${isCampaignInReach(ctx, sql`its_run.campaign`)})`;
}
