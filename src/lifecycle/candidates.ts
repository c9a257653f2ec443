import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
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
 * and some of the days around; who is decided on already is not among them, where that can be told here.
 */
export function candidates(ctx: Context, search: Search, after: Place | undefined, limit: number) {
  const query = search.kind === "BIRTHDAY" ? birthdays(ctx, search, after) : moments(ctx, search, after);
  return ctx.db.all<Candidate>(sql`${query} LIMIT ${limit}`);
}

/** From which moment on (ms) days are looked at. */
function earliest({ now, since }: Looking): number {
  return Math.max(Math.min(since, now), now - mostMissedMs) - slackMs;
}

const zoneOf = (ctx: Context) => sql`coalesce(m.time_zone, ${ctx.settings.shopTimeZone})`;

function birthdays(ctx: Context, search: Search, after: Place | undefined): Query {
  const behind = after
    ? sql`m.birthday >= ${after.value} AND (m.birthday > ${after.value} OR m.seq > ${after.id})`
    : sql`1`;
  return sql`
    SELECT m.seq, ${zoneOf(ctx)} AS zone, m.birthday AS value, m.seq AS id
    FROM json_each(${JSON.stringify(datesOfBirth(search))}) d CROSS JOIN member m ON m.birthday = d.value
    WHERE m.deleted_at IS NULL AND ${behind} ORDER BY d.value, m.seq`;
}

/** All dates of birth whose birthday is one of the days looked at, in their order: each is looked up in the index. */
function datesOfBirth(looking: Looking): string[] {
  const utc = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO("UTC").toPlainDate();
  const [first, last] = [utc(earliest(looking)), utc(looking.now + slackMs)];
  const count = first.until(last).days + 1;
  const days = Array.from({ length: count }, (_, i) => first.add({ days: i }));
  const monthDays = days.flatMap((day) => {
    const monthDay = day.toString().slice(5);
    return monthDay === "02-28" ? [monthDay, "02-29"] : [monthDay];
  });
  const years = Array.from({ length: last.year - 1870 }, (_, i) => 1870 + i);
  return [...new Set(years.flatMap((year) => monthDays.map((monthDay) => `${year}-${monthDay}`)))].sort();
}

interface Source {
  readonly from: SQL;
  readonly column: SQL;
  readonly id: SQL;
  readonly occasion: SQL;
  /** Whether the day is before the moment. */
  readonly isAhead: boolean;
}

function sourceOf(kind: Exclude<Looking["kind"], "BIRTHDAY">, shop: string): Source {
  const ofMember = (column: string, name: string, isAhead: boolean): Source => {
    const at = sql.raw(`m.${column}`);
    const occasion = name === "registered" ? sql`'registered'` : sql`${sql.raw(`'${name}/'`)} || ${at}`;
    return {
      from: sql`member m INDEXED BY ${sql.raw(`member_${column}`)}`,
      column: at,
      id: sql`m.seq`,
      occasion,
      isAhead,
    };
  };
  switch (kind) {
    case "MEMBERSHIP_ENDS":
      return ofMember("membership_ends_at", "membership", true);
    case "INACTIVE":
      return ofMember("last_active_at", "inactive", false);
    case "REGISTERED":
      return ofMember("registered_at", "registered", false);
    case "COUPON_EXPIRES":
      return {
        // Template by template, as its index has them; a shop's policy knows of its own alone.
        from: sql`coupon_template t CROSS JOIN coupon c INDEXED BY coupon_available
            ON c.template = t.id AND c.state = 'AVAILABLE' AND c.held_budget >= 0 AND ${isOwn(shop, sql`t.shop`)}
          CROSS JOIN member m ON m.seq = c.member`,
        column: sql`c.valid_to`,
        id: sql`c.id`,
        occasion: sql`'coupon/' || c.id`,
        isAhead: true,
      };
  }
}

function moments(ctx: Context, search: Search, after: Place | undefined): Query {
  const { policy, kind, days, now } = search;
  if (kind === "BIRTHDAY") throw new Error("birthdays are no moments");
  const { from, column, id, occasion, isAhead } = sourceOf(kind, search.shop);
  const shift = (isAhead ? 1 : -1) * days * dayMs;
  const [first, to] = [earliest(search) + shift, now + slackMs + shift];
  const range = sql`${column} IS NOT NULL AND ${column} > ${first} AND ${column} < ${to}`;
  const behind = after
    ? sql`${column} >= ${after.value} AND (${column} > ${after.value} OR ${id} > ${after.id})`
    : sql`1`;
  return sql`
    SELECT m.seq, ${zoneOf(ctx)} AS zone, ${column} AS value, ${id} AS id FROM ${from}
    WHERE ${range} AND ${behind} AND m.deleted_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM lifecycle_mark k WHERE k.policy = ${policy} AND k.member = m.seq AND k.occasion = ${occasion})
    ORDER BY ${column}, ${id}`;
}
