import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { FrozenAction } from "../action/define.ts";
import { frozenRun } from "./frozen.ts";

/** What messages of a run say, besides who reads them. */
export interface MessageFacts {
  readonly run: number;
  /** The campaign's name. */
  readonly name: string;
  readonly action: FrozenAction;
}

/** Fixed once a run has started. */
export async function messageFacts(ctx: Context, run: number): Promise<MessageFacts> {
  const [{ action }, row] = await Promise.all([
    frozenRun(ctx, run),
    ctx.db.first<{ name: string }>(sql`
      SELECT c.name FROM campaign c JOIN run r ON r.campaign = c.id WHERE r.id = ${run}`),
  ]);
  return { run, name: row?.name ?? "", action };
}
