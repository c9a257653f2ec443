import type { Context, Timed } from "../context.ts";

/** What schedules of a noun set off. */
export function timedOf({ domains }: Context, noun: string): Timed | undefined {
  return domains.map(({ timed = {} }) => timed[noun]).find((known) => known !== undefined);
}
