import type { Context } from "../../context.ts";

/** Deliveries under way in the whole account, and how many there may be; 0 for no limit. */
export interface InFlight {
  readonly running: number;
  readonly most: number;
}

export async function deliveriesUnderWay(ctx: Context): Promise<InFlight> {
  const { parallelismCount, parallelismMax } = await ctx.queue.client.flowControl.getGlobalParallelism();
  return { running: parallelismCount ?? 0, most: parallelismMax ?? 0 };
}
