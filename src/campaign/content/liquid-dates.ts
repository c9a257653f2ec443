import type { FilterImplOptions, Liquid, Context as LiquidContext } from "liquidjs";
import { Moment } from "../../moment.ts";

/** Where dates are read: the moment that is now (ms), and the reader's zone, IANA. */
export interface DateFacts {
  readonly now: number;
  readonly timeZone: string;
}

const names = ["date", "date_to_string", "date_to_long_string", "date_to_rfc822", "date_to_xmlschema"];
const longestFormat = 100;
/** What the name of a month or day costs, in characters read: the engine makes a formatter for each. */
const nameCost = 4_000;

/** Tells a rendering where its dates are read. */
export function setDates(context: LiquidContext, facts: DateFacts): void {
  context.setRegister("dates", facts);
}

/**
 * Makes an engine's filters print moments as the reader's clock shows them. A date without a time zone, such as a
 * birthday, is a day of the calendar and the same everywhere.
 */
export function printLocally(engine: Liquid): void {
  for (const name of names) {
    const print = engine.filters[name];
    if (typeof print !== "function") throw new Error(`the engine has no filter ${name}`);
    const local: FilterImplOptions = function (value: unknown, format: unknown, ...more: unknown[]) {
      const { context } = this;
      const facts = context.getRegister<DateFacts | undefined>("dates") ?? { now: 0, timeZone: "UTC" };
      const text = typeof format === "string" ? format : "";
      if (text.length > longestFormat) throw new Error(`a date's format is at most ${longestFormat} characters`);
      context.memoryLimit.use(nameCost * (1 + (text.match(/%[^a-zA-Z%]*[aAbBhcxX]/g)?.length ?? 0)));
      const [zone, ...style] = name === "date" ? more : [undefined, ...more];
      const day = dayOf(value, facts);
      if (!day) return value;
      const timezoneOffset =
        typeof zone === "number" ? zone : offsetOf(day, zone === undefined ? undefined : String(zone));
      const there = Object.create(context, { opts: { value: { ...context.opts, timezoneOffset } } });
      return print.call({ ...this, context: there }, new Date(day.at), format, ...style);
    };
    engine.registerFilter(name, local);
  }
}

interface Day {
  /** In milliseconds. */
  readonly at: number;
  readonly timeZone: string;
}

const zoned = /(?:[zZ]|[+-]\d{2}:?\d{2}|\bGMT|\bUTC)$/;

function dayOf(value: unknown, { now, timeZone }: DateFacts): Day | undefined {
  if (value instanceof Moment) return { at: value.at, timeZone };
  const text = typeof value === "number" ? String(value) : String(value ?? "").trim();
  const day = (at: number, zone: string) => (Number.isFinite(at) ? { at, timeZone: zone } : undefined);
  if (text === "now" || text === "today") return day(now, timeZone);
  if (/^-?\d+(\.\d+)?$/.test(text)) return day(Number(text) * 1000, timeZone);
  if (text === "") return undefined;
  const isoDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  if (isoDate || !zoned.test(text)) return day(Date.parse(isoDate ? text : utcOf(text)), "UTC");
  return day(Date.parse(text), timeZone);
}

/** A time of the calendar, as if the calendar were UTC's. */
function utcOf(text: string): string {
  return /^\d{4}-\d{2}-\d{2}[T ]/.test(text) ? `${text.replace(" ", "T")}Z` : `${text} UTC`;
}

/** Minutes by which UTC is ahead of the zone then. */
function offsetOf({ at, timeZone }: Day, zone = timeZone): number {
  if (zone === "UTC") return 0;
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours = "0", minutes = "0"] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  return (sign === "-" ? 1 : -1) * (60 * Number(hours) + Number(minutes)) || 0;
}
