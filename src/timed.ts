/**
 * Something that schedules set off, such as campaigns. It is asked and told of many at once, inside the transaction
 * that decides: what it does is done once, for its occurrence is decided on once.
 */
export interface Timed<Ctx> {
  /** What they are at now, by their numbers; what is not there any more is left out. */
  standings(tx: Ctx, things: readonly number[]): Promise<ReadonlyMap<number, Standing>>;
  /** Sets them off, each for a time that was planned (ms). */
  fire(tx: Ctx, fired: readonly Fired[]): Promise<void>;
}

/** It may be set off; what was set off before is under way; it does not run at present; or never will again. */
export type Standing = "READY" | "BUSY" | "OFF" | "OVER";

export interface Fired {
  readonly thing: number;
  readonly plannedAt: number;
}
