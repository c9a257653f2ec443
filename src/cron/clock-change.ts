/** One time at which a zone's clock is set on or back. Clock faces are in ms, as if they were UTC's. */
export interface ClockChange {
  /** When, ms. */
  readonly at: number;
  /** What the clock shows as it is set. */
  readonly from: number;
  /** What it shows then: it is set on where this is later, back where it is earlier. */
  readonly to: number;
}

/** What the clock of a zone shows at a moment (ms), in ms as if it were UTC's. */
export function wallOf(zone: string, at: number): number {
  return at + offsetOf(inZone(zone, at));
}

/**
 * The change by which a skipped stretch ended less than its own length before a moment: that is where times that fell
 * into the stretch are moved to.
 */
export function gapBefore(zone: string, at: number): ClockChange | undefined {
  const change = changeOf(inZone(zone, at + 1).getTimeZoneTransition("previous"));
  return change && at < change.at + (change.to - change.from) ? change : undefined;
}

/** The change by which what the clock shows at a moment is shown twice, and which of both times it is. */
export function foldAround(zone: string, at: number): { change: ClockChange; isFirst: boolean } | undefined {
  const before = changeOf(inZone(zone, at + 1).getTimeZoneTransition("previous"));
  if (before && at < before.at + (before.from - before.to)) return { change: before, isFirst: false };
  const next = changeOf(inZone(zone, at).getTimeZoneTransition("next"));
  return next && at >= next.at - (next.from - next.to) ? { change: next, isFirst: true } : undefined;
}

/** The next changes after a moment, ms. */
export function* changesAfter(zone: string, after: number): Generator<number> {
  for (let next = inZone(zone, after).getTimeZoneTransition("next"); next; ) {
    yield next.epochMilliseconds;
    next = next.getTimeZoneTransition("next");
  }
}

function changeOf(change: Temporal.ZonedDateTime | null): ClockChange | undefined {
  if (!change) return undefined;
  const at = change.epochMilliseconds;
  return { at, from: at + offsetOf(inZone(change.timeZoneId, at - 1)), to: at + offsetOf(change) };
}

export function inZone(zone: string, at: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
}

function offsetOf(time: Temporal.ZonedDateTime): number {
  return time.offsetNanoseconds / 1_000_000;
}
