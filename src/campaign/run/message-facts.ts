import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import { perApp } from "../../memory.ts";
import type { FrozenAction } from "../action/define.ts";
import { frozenRun } from "./frozen.ts";
import { remembered } from "./remembered.ts";

/** What messages of a run say, besides who reads them. */
export interface MessageFacts {
  readonly run: number;
  /** The campaign's name. */
  readonly name: string;
  readonly action: FrozenAction;
}

const known = (ctx: Context) =>
  perApp(ctx, "campaign.messageFacts", () => new Map<number, MaybePromise<MessageFacts>>());

/** Fixed once a run has started, and read once a process. */
export async function messageFacts(ctx: Context, run: number): Promise<MessageFacts> {
  return remembered(known(ctx), run, async () => {
    const [{ action }, row] = await Promise.all([
      frozenRun(ctx, run),
      ctx.db.first<{ name: string }>(sql`
        SELECT c.name FROM campaign c JOIN run r ON r.campaign = c.id WHERE r.id = ${run}`),
    ]);
    return { run, name: row?.name ?? "", action };
  });
}
