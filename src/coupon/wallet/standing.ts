import { type SQL, sql } from "drizzle-orm";
import { type Audience, compileAudience, liveMember } from "../../audience/audience.ts";
import type { MemberContext } from "../../context.ts";
import { prepared, type Statement } from "../../db/statement.ts";
import { perApp } from "../../memory.ts";
import { audienceOf } from "../template/eligibility.ts";
import type { OpenTemplate } from "./open-templates.ts";

/** How the acting member stands to offers, as far as that was asked. */
export interface Standing {
  /** What the filters answered, by {@link OpenTemplate.question}. */
  readonly answers: Map<string, boolean>;
  /** What the member has; undefined before the first statement, which asks it for all offers. */
  has: Has | undefined;
}

interface Has {
  /** How many coupons the member has or had, by template. */
  readonly held: ReadonlyMap<number, number>;
  /** The templates that the member is to be reminded of. */
  readonly reminded: ReadonlySet<number>;
}

/** Templates looked at together: the list is cut into such stretches, the same for whoever asks. */
export const stretch = 200;
/** Filters asked in one statement: each may have hundreds of conditions. */
const batchSize = 20;

/** Filters that are asked together, and the statement that asks them of a member (by `seq`). */
interface Batch {
  readonly questions: readonly string[];
  readonly ask: (values: { member: number }) => Statement;
  /** The same, and what the member has. */
  readonly askAll: (values: { member: number }) => Statement;
}

/**
 * Asks what is not known yet of the stretch of the list that this place is in: the filters by one statement where there
 * are not very many, and with the first one also what the member has, of whatever is offered.
 */
export async function askStanding(
  ctx: MemberContext,
  open: readonly OpenTemplate[],
  at: number,
  standing: Standing,
): Promise<void> {
  const { answers } = standing;
  for (const { questions, ask, askAll } of batchesOf(ctx, open, Math.floor(at / stretch))) {
    const isFirst = standing.has === undefined;
    if (!isFirst && questions.every((question) => answers.has(question))) continue;
    const row = await ctx.db.first<Row>((isFirst ? askAll : ask)({ member: ctx.actor.seq }));
    const said: readonly number[] = JSON.parse(row?.answers ?? "[]");
    for (const [i, question] of questions.entries()) answers.set(question, said[i] === 1);
    if (isFirst) standing.has = hasOf(row);
  }
}

/** Each JSON. */
interface Row {
  readonly answers: string | null;
  readonly held?: string;
  readonly reminded?: string;
}

function hasOf(row: Row | undefined): Has {
  const held: readonly [number, number][] = JSON.parse(row?.held ?? "[]");
  const reminded: readonly number[] = JSON.parse(row?.reminded ?? "[]");
  return { held: new Map(held), reminded: new Set(reminded) };
}

/**
 * What is asked about a stretch of a list. The list is one that was read for all, and read again after a second; what
 * is made of it lives as long, and "now" in its filters is the moment at which it was made.
 */
function batchesOf(ctx: MemberContext, open: readonly OpenTemplate[], number: number): readonly Batch[] {
  const made = perApp(ctx, "coupon.inquiries", () => new WeakMap<readonly OpenTemplate[], Map<number, Batch[]>>());
  const ofList = made.get(open) ?? new Map<number, Batch[]>();
  made.set(open, ofList);
  const batches = ofList.get(number) ?? makeBatches(ctx, open.slice(number * stretch, (number + 1) * stretch));
  ofList.set(number, batches);
  return batches;
}

function makeBatches(ctx: MemberContext, offers: readonly OpenTemplate[]): Batch[] {
  const asking = new Map(
    offers.flatMap((offer) => (offer.question === null ? [] : [[offer.question, offer] as const])),
  );
  const all = [...asking];
  const batches: Batch[] = [];
  for (let at = 0; at === 0 || at < all.length; at += batchSize) {
    const some = all.slice(at, at + batchSize);
    const those = some.map(([, offer]) => offer);
    batches.push({
      questions: some.map(([question]) => question),
      ask: prepared<{ member: number }>(({ member }) => sql`SELECT ${answersOf(ctx, those, sql`${member}`)}`),
      askAll: prepared<{ member: number }>(
        ({ member }) => sql`SELECT ${answersOf(ctx, those, sql`${member}`)}, ${hasNow(sql`${member}`)}`,
      ),
    });
  }
  return batches;
}

/** Whether each of these is for the member. */
function answersOf(ctx: MemberContext, offers: readonly OpenTemplate[], member: SQL): SQL {
  const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone };
  const predicates = offers.map((offer) => compileAudience(parsed(ctx, offer), { ...env, shop: offer.shop }));
  const asked = sql.join(predicates, sql`, `);
  return sql`(SELECT json_array(${asked}) FROM member m WHERE m.seq = ${member} AND ${liveMember}) AS answers`;
}

/** Coupons by template, counted along the index `coupon_number`, and reminders. */
function hasNow(member: SQL): SQL {
  return sql`(
    SELECT json_group_array(json_array(template, n))
    FROM (SELECT template, count(*) AS n FROM coupon WHERE member = ${member} GROUP BY template)) AS held,
    (SELECT json_group_array(template) FROM coupon_reminder WHERE member = ${member}) AS reminded`;
}

const maxKept = 5_000;

/** The list is read anew every second, with the same filters. */
function parsed(ctx: MemberContext, { id, eligibility }: OpenTemplate): Audience {
  const filter = eligibility ?? "null";
  const kept = perApp(ctx, "coupon.parsedEligibility", () => new Map<string, Audience>());
  const known = kept.get(filter);
  if (known) return known;
  if (kept.size >= maxKept) kept.clear();
  const audience = audienceOf(ctx, { id, eligibility: JSON.parse(filter) });
  kept.set(filter, audience);
  return audience;
}
