import { z } from "zod";
import { type Reader, schemaOf, unfit } from "./value.ts";

const date = /^\d{4}-\d{2}-\d{2}$/;
const dateTime =
  /^(\d{4}-\d{2}-\d{2})[Tt ](?:[01]\d|2[0-3]):[0-5]\d(:[0-5]\d(?:\.\d{1,9})?)?(Z|z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/;
const example = "2026-11-11T08:00:00+01:00";

/** Reads a day of the calendar, `YYYY-MM-DD`. */
export const readDate: Reader = (text) => {
  const day = text.normalize("NFKC").trim();
  return isDay(day) ? day : unfit("is no date: write it like 2026-11-28");
};

/** Reads a moment with its offset, as RFC 3339 writes it, into milliseconds since 1970 UTC. */
export const readMoment: Reader<number> = (text) => {
  const given = text.trim();
  const [, day = "", seconds, offset] = dateTime.exec(given) ?? [];
  if (isDay(given)) return unfit(`is a date without a time: say when, and in which zone, like ${example}`);
  if (!isDay(day) || seconds === undefined || given[10] === " ") return unfit(`is no moment: write it like ${example}`);
  if (offset === undefined) return unfit(`does not say in which zone: write it with its offset, like ${example}`);
  return parsed(given);
};

/**
 * The same for files, which know one zone: a date means the day in the zone, of which `edge` takes the first or the
 * last millisecond, and a time without an offset is the zone's. Blanks for the T, and times without seconds, are taken.
 */
export function readLocalMoment(zone: string, edge: "start" | "end" = "start"): Reader<number> {
  return (text) => {
    const given = text.normalize("NFKC").trim();
    if (isDay(given)) return edgeOf(Temporal.PlainDate.from(given), zone, edge);
    const [, day = "", , offset] = dateTime.exec(given) ?? [];
    if (!isDay(day)) return unfit("is no date or time: write it like 2026-11-28, or 2026-11-28T10:00");
    if (offset !== undefined) return parsed(given.replace(" ", "T"));
    return within(Temporal.PlainDateTime.from(given.replace(" ", "T")).toZonedDateTime(zone).epochMilliseconds);
  };
}

function edgeOf(day: Temporal.PlainDate, zone: string, edge: "start" | "end") {
  const start = (of: Temporal.PlainDate) => of.toZonedDateTime(zone).epochMilliseconds;
  return within(edge === "start" ? start(day) : start(day.add({ days: 1 })) - 1);
}

function parsed(text: string) {
  return within(Date.parse(text.toUpperCase()));
}

/** The schema of a date. */
export const calendarDate = () => schemaOf(readDate, "2026-11-28");

/** The schema of a moment; GraphQL gives it its type `DateTime`. */
export const moment = () =>
  z
    .string()
    .meta({ format: "date-time", examples: [example] })
    .pipe(schemaOf(readMoment));

const firstMs = Date.parse("0001-01-01T00:00:00Z");
const lastMs = Date.parse("9999-12-31T23:59:59.999Z");

/** At the ends of the calendar an offset leads out of the years that can be written down. */
function within(ms: number) {
  return ms >= firstMs && ms <= lastMs ? ms : unfit("is outside of the years 1 to 9999: write another");
}

const daysOf = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether the calendar has this day: none is moved to the next month. */
export function isDay(text: string): boolean {
  if (!date.test(text)) return false;
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeap ? 29 : (daysOf[month - 1] ?? 0);
  return year > 0 && day > 0 && day <= days;
}
