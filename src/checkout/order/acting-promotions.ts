import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { membershipOf } from "../../promotion/audience.ts";
import { giftsOf } from "../../promotion/promise.ts";
import { actingPromotions } from "../../promotion/promotion.ts";
import type { Acting } from "../quote/promotions.ts";
import { promisedTo } from "../reward/promised-to.ts";

/**
 * The promotions that act now, as they are for a member: whom they are for, and how many more of what they give the
 * member can be given, asked together; nothing is asked where all are for everyone and give nothing. What was promised
 * for the member's other orders than `order` is not promised again.
 */
export async function actingFor(ctx: Context, member: number, order: string | undefined): Promise<Acting[]> {
  const promotions = await actingPromotions(ctx, ctx.clock());
  const memberships = await membershipOf(ctx, promotions, member);
  const gifts = promotions.flatMap((promotion) => giftsOf(promotion).map(({ gift }) => gift));
  const lefts = await leftOf(ctx, gifts, member);
  const promised = gifts.length > 0 ? await promisedTo(ctx, { member, but: order ?? "" }) : new Map<string, number>();
  const answers = await answersTo(ctx, [...memberships.values(), ...lefts.values()]);
  const isFor = new Map([...memberships.keys()].map((id, i) => [id, answers[i] === 1]));
  const left = new Map(
    [...lefts.keys()].map((name, i) => [name, (answers[memberships.size + i] ?? 0) - (promised.get(name) ?? 0)]),
  );
  return promotions.map((promotion) => ({
    ...promotion,
    isForMember: isFor.get(promotion.id) ?? true,
    gifts: giftsOf(promotion).map(({ spend, gift: { name } }) => ({ spend, name, left: left.get(name) ?? 0 })),
  }));
}

type Gift = ReturnType<typeof giftsOf>[number]["gift"];

/** How many more of each a member can be given, by its name, as expressions: none of what no reward gives. */
async function leftOf(ctx: Context, gifts: readonly Gift[], member: number): Promise<Map<string, SQL>> {
  const each = new Map(gifts.map((gift) => [gift.name, gift]));
  const asked = [...each.values()].map(async ({ name, kind, terms }): Promise<[string, SQL]> => {
    return [name, (await ctx.rewards.of(kind)?.leftFor(ctx, terms, member)) ?? sql`0`];
  });
  return new Map(await Promise.all(asked));
}

/** Expressions asked by one statement at most. */
const mostAsked = 100;

/** The values of expressions, in their order; null is 0. */
async function answersTo(ctx: Context, asked: readonly SQL[]): Promise<number[]> {
  const answers: number[] = [];
  for (let from = 0; from < asked.length; from += mostAsked) {
    const some = asked.slice(from, from + mostAsked);
    const columns = some.map((expression, i) => sql`${expression} AS ${sql.raw(`a${i}`)}`);
    const row = await ctx.db.first<Record<string, number | null>>(sql`SELECT ${sql.join(columns, sql`, `)}`);
    answers.push(...some.map((_, i) => Number(row?.[`a${i}`] ?? 0)));
  }
  return answers;
}
