import type { Context } from "../context.ts";
import type { Timed } from "../timed.ts";

/** What schedules of a noun set off. */
export function timedOf({ domains }: Context, noun: string): Timed<Context> | undefined {
  return domains.map(({ timed = {} }) => timed[noun]).find((known) => known !== undefined);
}
