import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { isOwn } from "../shop.ts";
import type { Candidate, Looking } from "./occasion.ts";

const dayMs = 86_400_000;
/** A missed day is looked for this far back. */
const mostMissedMs = 31 * dayMs;
/** Nowhere is it more than a day earlier or later than by UTC; another for what DST moves. */
const slackMs = 1.5 * dayMs;

/** Where the next page of candidates begins: behind this one, in the order of the index that finds them. */
export interface Place {
  readonly value: string | number;
  readonly id: number;
}

/** Which policy looks, and for what. */
export interface Search extends Looking {
  readonly policy: number;
  /** Whose policy it is. */
  readonly shop: string;
}

/**
 * A page of members whose day may have come since the last look, by an index of the very column: those of all zones,
 * and some of the days around; who is decided on already is not among them.
 */
export function candidates(ctx: Context, search: Search, after: Place | undefined, limit: number) {
  const { from, column, id, occasion, isAround } = sourceOf(search);
  const behind = after
    ? sql`${column} >= ${after.value} AND (${column} > ${after.value} OR ${id} > ${after.id})`
    : sql`1`;
  return ctx.db.all<Candidate>(sql`
    SELECT m.seq, coalesce(m.time_zone, ${ctx.settings.shopTimeZone}) AS zone, ${column} AS value, ${id} AS id
    FROM ${from} WHERE ${isAround} AND ${behind} AND m.deleted_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM lifecycle_mark k
      WHERE k.policy = ${search.policy} AND k.member = m.seq AND k.occasion = ${occasion})
    ORDER BY ${column}, ${id} LIMIT ${limit}`);
}

/** From which moment on (ms) days are looked at. */
function earliest({ now, since }: Looking): number {
  return Math.max(Math.min(since, now), now - mostMissedMs) - slackMs;
}

interface Source {
  readonly from: SQL;
  readonly column: SQL;
  readonly id: SQL;
  readonly occasion: SQL;
  /** Its day is one of those looked at. */
  readonly isAround: SQL;
}

function sourceOf(search: Search): Source {
  switch (search.kind) {
    case "BIRTHDAY":
      return { ...ofMember("birthday"), ...birthdays(search) };
    case "MEMBERSHIP_ENDS":
      return ofMoment(search, "membership_ends_at", (at) => sql`'membership/' || ${at}`, true);
    case "INACTIVE":
      return ofMoment(search, "last_active_at", (at) => sql`'inactive/' || ${at}`, false);
    case "REGISTERED":
      return ofMoment(search, "registered_at", () => sql`'registered'`, false);
    case "COUPON_EXPIRES":
      return {
        // Template by template, as its index has them; a shop's policy knows of its own alone.
        from: sql`coupon_template t CROSS JOIN coupon c INDEXED BY coupon_available
            ON c.template = t.id AND c.state = 'AVAILABLE' AND c.held_budget >= 0 AND ${isOwn(search.shop, sql`t.shop`)}
          CROSS JOIN member m ON m.seq = c.member`,
        column: sql`c.valid_to`,
        id: sql`c.id`,
        occasion: sql`'coupon/' || c.id`,
        isAround: momentAround(search, sql`c.valid_to`, true),
      };
  }
}

function ofMember(column: string) {
  const from = sql`member m INDEXED BY ${sql.raw(`member_${column}`)}`;
  return { from, column: sql.raw(`m.${column}`), id: sql`m.seq` };
}

function ofMoment(search: Search, name: string, occasionOf: (at: SQL) => SQL, isAhead: boolean): Source {
  const of = ofMember(name);
  return { ...of, occasion: occasionOf(of.column), isAround: momentAround(search, of.column, isAhead) };
}

/** A moment is so many days from now, or was since the last look; `isAhead`: the day is before it. */
function momentAround(search: Search, column: SQL, isAhead: boolean): SQL {
  const shift = (isAhead ? 1 : -1) * search.days * dayMs;
  const [first, to] = [earliest(search) + shift, search.now + slackMs + shift];
  return sql`${column} IS NOT NULL AND ${column} > ${first} AND ${column} < ${to}`;
}

/**
 * Dates of birth whose birthday is one of the days looked at: each is looked up in the index, in its order. Of days
 * around New Year the later ones are birthdays of the next year.
 */
function birthdays(looking: Looking): Pick<Source, "occasion" | "isAround"> {
  const utc = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO("UTC").toPlainDate();
  const [first, last] = [utc(earliest(looking)), utc(looking.now + slackMs)];
  const count = first.until(last).days + 1;
  const monthDays = Array.from({ length: count }, (_, i) => first.add({ days: i }).toString().slice(5)).flatMap(
    (monthDay) => (monthDay === "02-28" ? [monthDay, "02-29"] : [monthDay]),
  );
  const years = Array.from({ length: last.year - 1870 }, (_, i) => 1870 + i);
  const dates = years.flatMap((year) => monthDays.map((monthDay) => `${year}-${monthDay}`));
  const isOfFirstYear = sql`substr(m.birthday, 6) >= ${first.toString().slice(5)}`;
  return {
    occasion: sql`'birthday/' || CASE WHEN ${isOfFirstYear} THEN ${first.year} ELSE ${last.year} END`,
    isAround: sql`m.birthday IN (SELECT value FROM json_each(${JSON.stringify(dates)}))`,
  };
}
