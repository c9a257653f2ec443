import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import {
  type AudienceEnv,
  type AudienceTerm,
  allOf,
  asksNothing,
  asksSomething,
  defineTerm,
  oneOf,
} from "../audience/term.ts";
import { calendarDate, moment } from "../value/date.ts";
import { compare, ends, notARange, orderOperators, served } from "./column-term.ts";

const dayMs = 86_400_000;
const days = z.int().min(1).max(36_500);
const today = z.literal(true).optional();

/** A condition on a moment, held as milliseconds; absolute moments are RFC 3339 texts with an offset. */
export function timeTerm(name: string, column: string, description: string): AudienceTerm {
  return defineTerm({
    name,
    description,
    schema: timeCondition,
    indexed: (asked) => asked.today === true || served(column)(asked),
    compile: ({ inLastDays, inNextDays, today, ...asked }, env) => {
      const at = sql.raw(`m.${column}`);
      const more: SQL[] = [];
      if (inLastDays) more.push(sql`${at} > ${env.asOf - inLastDays * dayMs}`, sql`${at} <= ${env.asOf}`);
      if (inNextDays) more.push(sql`${at} > ${env.asOf}`, sql`${at} <= ${env.asOf + inNextDays * dayMs}`);
      if (today) more.push(sql`${at} >= ${dayStart(env, 0)}`, sql`${at} < ${dayStart(env, 1)}`);
      return compare(at, asked, more);
    },
  });
}

const timeRange = z
  .strictObject(ends(moment()))
  .refine(({ from, to }) => from <= to, notARange)
  .meta({ id: "TimeRange", description: "A range of moments, both ends included." });
const timeCondition = z
  .strictObject({
    ...orderOperators(moment(), timeRange),
    inLastDays: days.optional().describe("Within the last N times 24 hours."),
    inNextDays: days.optional().describe("Within the next N times 24 hours."),
    today: today.describe("On the present day in the shop's zone."),
  })
  .refine(asksSomething, asksNothing)
  .meta({ id: "TimeCondition", description: "Conditions on a moment; those given must all hold." });

const dateRange = z
  .strictObject(ends(calendarDate()))
  .refine(({ from, to }) => from <= to, notARange)
  .meta({ id: "DateRange", description: "A range of dates, both ends included." });

/**
 * A condition on the birthday, held as `YYYY-MM-DD`. Who was born on 29 February has it on the 28th in common years.
 */
export const birthdayTerm = defineTerm({
  name: "birthday",
  description: "The member's birthday.",
  schema: z
    .strictObject({
      ...orderOperators(calendarDate(), dateRange),
      today: today.describe("Has birthday on the present day in the shop's zone."),
      thisMonth: today.describe("Has birthday in the present month in the shop's zone."),
      inNextDays: z.int().min(1).max(365).optional().describe("Has birthday tomorrow or later, within N days."),
    })
    .refine(asksSomething, asksNothing)
    .meta({ id: "BirthdayCondition", description: "Conditions on a birthday; those given must all hold." }),
  indexed: ({ inNextDays: _, ...asked }) => served("birthday")(asked),
  compile: ({ today, thisMonth, inNextDays, ...asked }, env) => {
    const column = sql.raw("m.birthday");
    const monthDay = sql.raw("substr(m.birthday, 6)");
    const more: SQL[] = [];
    if (today) more.push(oneOf(monthDay, birthdaysOn(env, 0, 0)));
    if (inNextDays) more.push(oneOf(monthDay, birthdaysOn(env, 1, inNextDays)));
    if (thisMonth) more.push(sql`substr(m.birthday, 6, 2) = ${localDay(env).toString().slice(5, 7)}`);
    return allOf([compare(column, asked, more)]);
  },
});

function localDay(env: AudienceEnv): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(env.asOf).toZonedDateTimeISO(env.timeZone).toPlainDate();
}

function dayStart(env: AudienceEnv, plus: number): number {
  return localDay(env).add({ days: plus }).toZonedDateTime(env.timeZone).epochMilliseconds;
}

/** The `MM-DD` of the birthdays kept on the days from `first` to `last` days after today. */
function birthdaysOn(env: AudienceEnv, first: number, last: number): string[] {
  const from = localDay(env);
  return Array.from({ length: last - first + 1 }, (_, i) => from.add({ days: first + i })).flatMap((day) => {
    const monthDay = day.toString().slice(5);
    return monthDay === "02-28" && !day.inLeapYear ? [monthDay, "02-29"] : [monthDay];
  });
}
