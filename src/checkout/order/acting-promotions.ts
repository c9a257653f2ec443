import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { membershipOf } from "../../promotion/audience.ts";
import { rewardsLeft } from "../../promotion/promise.ts";
import { actingPromotions } from "../../promotion/promotion.ts";
import type { Acting } from "../quote/promotions.ts";

/**
 * The promotions that act now, as they are for a member: whom they are for, and whether what they give can be given,
 * asked by one statement for all, and by none where all are for everyone and give nothing.
 */
export async function actingFor(ctx: Context, member: number): Promise<Acting[]> {
  const promotions = await actingPromotions(ctx, ctx.clock());
  const memberships = await membershipOf(ctx, promotions, member);
  const asked: SQL[] = [];
  const ask = (expression: SQL) => asked.push(expression) - 1;
  const questions = promotions.map((promotion) => {
    const isFor = memberships.get(promotion.id);
    const tiers = rewardsLeft(ctx, promotion).map(({ spend, left }) => ({ spend, at: ask(left) }));
    return { promotion, isFor: isFor && ask(isFor), tiers };
  });
  if (asked.length === 0) return promotions;
  const answers = await answersTo(ctx, asked);
  return questions.map(({ promotion, isFor, tiers }) => ({
    ...promotion,
    isForMember: isFor === undefined || answers[isFor] === 1,
    ungiven: tiers.filter(({ at }) => (answers[at] ?? 0) <= 0).map(({ spend }) => spend),
  }));
}

/** The values of expressions, in their order. */
async function answersTo(ctx: Context, asked: readonly SQL[]): Promise<number[]> {
  const columns = asked.map((expression, i) => sql`${expression} AS ${sql.raw(`a${i}`)}`);
  const row = await ctx.db.first<Record<string, number>>(sql`SELECT ${sql.join(columns, sql`, `)}`);
  return asked.map((_, i) => Number(row?.[`a${i}`] ?? 0));
}
