import type { SQL } from "drizzle-orm";
import type { z } from "zod";
import type { Context, Reward, Rewards } from "../context.ts";
import type { Issue, Refusal } from "../errors.ts";
import type { Gift, Issuing, Promised, Recipient, Recipients, TakenBack } from "../giving.ts";
import { check, schemaIssues } from "../input.ts";

/** A reward with the shape of its terms. */
export interface RewardDefinition<Terms> {
  readonly kind: string;
  readonly about: string;
  readonly terms: z.ZodType<Terms>;
  /** What is wrong with terms of the right shape: what they name is not there, not for giving, or not as promised. */
  issues?(ctx: Context, terms: Terms, promised?: Promised): Promise<readonly Issue[]>;
  describe(ctx: Context, terms: Terms): Promise<string>;
  left(terms: Terms): SQL;
  leftFor(ctx: Context, terms: Terms, member: number): Promise<SQL>;
  issueToMembers(ctx: Context, terms: Terms, to: Recipients): Promise<Issuing>;
  issueOne(ctx: Context, terms: Terms, to: Recipient): Promise<{ readonly id: number } | Refusal>;
  takeBack(ctx: Context, from: Gift): Promise<TakenBack>;
}

/**
 * Makes a reward; its domain's manifest makes it known. The type of its terms is sealed inside, and they are checked.
 */
export function defineReward<Terms>(definition: RewardDefinition<Terms>): Reward {
  const { kind, about, terms: schema } = definition;
  return {
    kind,
    about,
    issues: async (ctx, terms, promised) => {
      const checked = check(schema, terms);
      if (!checked.success) return schemaIssues(checked.error);
      return (await definition.issues?.(ctx, checked.data, promised)) ?? [];
    },
    describe: (ctx, terms) => definition.describe(ctx, schema.parse(terms)),
    left: (terms) => definition.left(schema.parse(terms)),
    leftFor: async (ctx, terms, member) => definition.leftFor(ctx, schema.parse(terms), member),
    issueToMembers: async (ctx, terms, to) => definition.issueToMembers(ctx, schema.parse(terms), to),
    issueOne: async (ctx, terms, to) => definition.issueOne(ctx, schema.parse(terms), to),
    takeBack: definition.takeBack,
  };
}

/** All rewards by kind. Throws where two have one kind. */
export function rewardsOf(list: readonly Reward[]): Rewards {
  const byKind = new Map(list.map((reward) => [reward.kind, reward]));
  if (byKind.size < list.length) throw new Error("two rewards have one kind");
  return { kinds: [...byKind.keys()], of: (kind) => byKind.get(kind) };
}
