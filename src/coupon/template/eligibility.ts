import DataLoader from "dataloader";
import { sql } from "drizzle-orm";
import { type Audience, compileAudience, everyone, liveMember } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { isRefusal } from "../../errors.ts";
import { perApp } from "../../memory.ts";
import type { CouponTemplate } from "../table.ts";

/** Members of a crowd who are looked up by one statement at most. */
const maxTogether = 500;

/**
 * Whether the acting member may have a template's coupons: its audience filter, asked of the member alone, now. A crowd
 * before one template is asked for together.
 */
export async function isEligible(ctx: Context, template: CouponTemplate): Promise<boolean> {
  if (ctx.actor.kind !== "member") return false;
  if (template.eligibility === null) return true;
  return loaderOf(ctx, template).load(ctx.actor.seq);
}

type Loader = DataLoader<number, boolean>;

/** By the template as it was read: whoever reads it anew, as all do after a second, begins a new one. */
function loaderOf(ctx: Context, template: CouponTemplate): Loader {
  const loaders = perApp(ctx, "coupon.eligibility", () => new WeakMap<CouponTemplate, Loader>());
  const known = loaders.get(template);
  if (known) return known;
  const made: Loader = new DataLoader((members: readonly number[]) => whichAreEligible(ctx, template, members), {
    cache: false,
    maxBatchSize: maxTogether,
    batchScheduleFn: (ask) => ctx.timers.soon(ask),
  });
  loaders.set(template, made);
  return made;
}

async function whichAreEligible(
  ctx: Context,
  template: CouponTemplate,
  members: readonly number[],
): Promise<boolean[]> {
  const { db, clock, settings } = ctx;
  const env = { asOf: clock(), timeZone: settings.shopTimeZone, shop: template.shop };
  const predicate = compileAudience(audienceOf(ctx, template), env);
  const found = await db.all<{ seq: number }>(sql`
    SELECT m.seq FROM ${rows(members)} asked CROSS JOIN member m ON m.seq = asked.value
    WHERE ${liveMember} AND ${predicate}`);
  const eligible = new Set(found.map(({ seq }) => seq));
  return members.map((seq) => eligible.has(seq));
}

/** A template's audience; everyone where it names none. */
export function audienceOf(
  { audience }: Pick<Context, "audience">,
  { id, eligibility }: Pick<CouponTemplate, "id" | "eligibility">,
): Audience {
  if (eligibility === null) return everyone;
  const parsed = audience.parse(eligibility);
  if (isRefusal(parsed)) throw new Error(`the eligibility of coupon template ${id} cannot be read: ${parsed.message}`);
  return parsed;
}
