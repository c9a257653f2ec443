/** A stretch of the local day, in minutes from midnight; it spans midnight where `from` lies behind `to`. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
}

const minuteMs = 60_000;
const day = 1_440;

/**
 * When the quiet hours that are on now in a zone end (ms), or null when none are on.
 *
 * The clock on the wall decides, also on the days on which it is moved: quiet is every moment at which it shows a
 * minute of the stretch. Of an hour that is left out in spring nothing is quiet, and hours that would end within it end
 * where the clock goes on; an hour that comes twice in autumn is quiet both times or neither.
 */
export function quietEnd(hours: QuietHours, zone: string, now: number): number | null {
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone);
  const wait = waitAt(hours, now, offsetOf(local));
  if (wait === 0) return null;
  const end = minuteOf(now) + wait;
  if (offsetAt(zone, end) === offsetOf(local)) return end;
  const turn = local.getTimeZoneTransition("next")?.epochMilliseconds ?? end;
  if (turn > end) return end;
  return turn + waitAt(hours, turn, offsetAt(zone, turn));
}

/**
 * How long it is until the hours end, when the clock is `offset` ahead of UTC and is not moved; 0 when they are not on.
 */
function waitAt({ from, to }: QuietHours, now: number, offset: number): number {
  const minute = modulo(Math.floor((now + offset) / minuteMs), day);
  const isQuiet = from < to ? from <= minute && minute < to : minute >= from || minute < to;
  return isQuiet ? modulo(to - minute, day) * minuteMs : 0;
}

function minuteOf(now: number): number {
  return Math.floor(now / minuteMs) * minuteMs;
}

function modulo(n: number, by: number): number {
  return ((n % by) + by) % by;
}

function offsetAt(zone: string, now: number): number {
  return offsetOf(Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone));
}

function offsetOf(local: Temporal.ZonedDateTime): number {
  return local.offsetNanoseconds / 1_000_000;
}

/** The days since 1970 by the calendar of a zone. */
export function localDay(zone: string, now: number): number {
  return Math.floor((now + offsetAt(zone, now)) / (day * minuteMs));
}

/**
 * Zones that members may be in, as they are spelt, with what counts in their place. People write them in more ways than
 * the list has (Asia/Calcutta, europe/berlin): what is found is kept. Null: it is no zone, the shop's counts.
 */
const zones = new Map<string, string | null>(Intl.supportedValuesOf("timeZone").map((zone) => [zone, zone]));

/** Makes sure that {@link quietEnds} has an answer for these. */
export function registerZones(found: Iterable<string>): void {
  for (const zone of found) if (!zones.has(zone)) zones.set(zone, isZone(zone) ? zone : null);
}

function isZone(zone: string): boolean {
  try {
    return Number.isFinite(offsetAt(zone, 0));
  } catch {
    return false;
  }
}

const computed = new Map<string, string>();

/**
 * For every registered zone when the quiet hours that are on now end (ms; 0 = none are on), as a JSON object; computed
 * once a minute.
 */
export function quietEnds(hours: QuietHours, shopZone: string, now: number): string {
  registerZones([shopZone]);
  const key = [hours.from, hours.to, shopZone, minuteOf(now), zones.size].join();
  const known = computed.get(key);
  if (known) return known;
  const endOf = (zone: string | null) => quietEnd(hours, zone ?? shopZone, now) ?? 0;
  const ends = JSON.stringify(Object.fromEntries([...zones].map(([spelt, zone]) => [spelt, endOf(zone)])));
  if (computed.size >= 10) computed.clear();
  computed.set(key, ends);
  return ends;
}
