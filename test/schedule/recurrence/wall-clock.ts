/** One minute as a clock on the wall and the calendar beside it show it. */
export interface Minute {
  /** ms */
  readonly at: number;
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
  /** The same in ms, as if it were UTC's. */
  readonly wall: number;
}

const minuteMs = 60_000;

/** What a zone's clock shows, minute by minute, from one moment until another: a person looking at it. */
export function watched(zone: string, from: number, until: number): Minute[] {
  const clock = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  });
  const seen: Minute[] = [];
  for (let at = Math.ceil(from / minuteMs) * minuteMs; at < until; at += minuteMs) {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = clock.format(at).split(/\D+/).map(Number);
    seen.push(shownAt(at, Date.UTC(year, month - 1, day, hour, minute)));
  }
  return seen;
}

function shownAt(at: number, wall: number): Minute {
  const shown = new Date(wall);
  return {
    at,
    wall,
    minute: shown.getUTCMinutes(),
    hour: shown.getUTCHours(),
    day: shown.getUTCDate(),
    month: shown.getUTCMonth() + 1,
    weekday: shown.getUTCDay(),
  };
}

/** Whether what the clock shows is what a line names. */
export function isNamed(line: string, shown: Minute): boolean {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = line.split(" ");
  const isDay = has(day, shown.day, 1);
  const isWeekday = has(weekday, shown.weekday, 0) || (shown.weekday === 0 && has(weekday, 7, 0));
  const isDate = day === "*" || weekday === "*" ? isDay && isWeekday : isDay || isWeekday;
  return has(minute, shown.minute, 0) && has(hour, shown.hour, 0) && isDate && has(month, shown.month, 1);
}

function has(field: string, value: number, first: number): boolean {
  return field.split(",").some((part) => {
    const [range = "", step = "1"] = part.split("/");
    const [from = first, until = from] = range === "*" ? [first, 99] : range.split("-").map(Number);
    return value >= from && value <= until && (value - from) % Number(step) === 0;
  });
}

/**
 * The times of a line among the minutes watched, by the rules: of those in a skipped stretch the first, moved by its
 * length; what is shown again only where every minute of an hour or every hour is named.
 */
export function timesWatched(line: string, minutes: readonly Minute[]): number[] {
  const [minute = "", hour = ""] = line.split(" ");
  const followsTheWall = isEvery(minute, 60) || isEvery(hour, 24);
  const times = new Set<number>();
  const [start] = minutes;
  let latest = start ? start.wall - minuteMs : 0;
  for (const shown of minutes) {
    const moved = skipped(latest, shown).find((missing) => isNamed(line, missing));
    if (moved) times.add(shown.at + (moved.wall - (latest + minuteMs)));
    if (isNamed(line, shown) && (shown.wall > latest || followsTheWall)) times.add(shown.at);
    latest = Math.max(latest, shown.wall);
  }
  return [...times].sort((a, b) => a - b);
}

function isEvery(field: string, count: number): boolean {
  return Array.from({ length: count }, (_, value) => has(field, value, 0)).every(Boolean);
}

function skipped(latest: number, shown: Minute): Minute[] {
  const count = Math.max(0, (shown.wall - latest) / minuteMs - 1);
  return Array.from({ length: count }, (_, i) => shownAt(0, latest + (i + 1) * minuteMs));
}
