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

/** Whether what a clock shows is what a line names. */
export function namedBy(line: string): (shown: Minute) => boolean {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = line.split(" ");
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const days = valuesOf(day, 1, 31);
  const months = valuesOf(month, 1, 12);
  const weekdays = new Set([...valuesOf(weekday, 0, 7)].map((number) => number % 7));
  const isEither = day !== "*" && weekday !== "*";
  return (shown) => {
    const [isDay, isWeekday] = [days.has(shown.day), weekdays.has(shown.weekday)];
    const isDate = isEither ? isDay || isWeekday : isDay && isWeekday;
    return minutes.has(shown.minute) && hours.has(shown.hour) && isDate && months.has(shown.month);
  };
}

function valuesOf(field: string, first: number, last: number): Set<number> {
  const values = field.split(",").flatMap((part) => {
    const [range = "", step = "1"] = part.split("/");
    const [from = first, until = from] = range === "*" ? [first, last] : range.split("-").map(Number);
    return Array.from({ length: Math.floor((until - from) / Number(step)) + 1 }, (_, i) => from + i * Number(step));
  });
  return new Set(values);
}

/**
 * The times of a line among the minutes watched, by the rules: of those in a skipped stretch the first, moved by its
 * length; what is shown again only where every minute of an hour or every hour is named.
 */
export function timesWatched(line: string, minutes: readonly Minute[]): number[] {
  const isNamed = namedBy(line);
  const [minute = "", hour = ""] = line.split(" ");
  const followsTheWall = valuesOf(minute, 0, 59).size === 60 || valuesOf(hour, 0, 23).size === 24;
  const times = new Set<number>();
  const [start] = minutes;
  let latest = start ? start.wall - minuteMs : 0;
  for (const shown of minutes) {
    const moved = skipped(latest, shown).find(isNamed);
    if (moved) times.add(shown.at + (moved.wall - (latest + minuteMs)));
    if (isNamed(shown) && (shown.wall > latest || followsTheWall)) times.add(shown.at);
    latest = Math.max(latest, shown.wall);
  }
  return [...times].sort((a, b) => a - b);
}

function skipped(latest: number, shown: Minute): Minute[] {
  const count = Math.max(0, (shown.wall - latest) / minuteMs - 1);
  return Array.from({ length: count }, (_, i) => shownAt(0, latest + (i + 1) * minuteMs));
}
