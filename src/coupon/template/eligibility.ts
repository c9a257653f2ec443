import { sql } from "drizzle-orm";
import { askTogether } from "../../ask-together.ts";
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
  return askingOf(ctx, template)(ctx.actor.seq);
}

type Asking = (member: number) => Promise<boolean>;

/** By the template as it was read: whoever reads it anew, as all do after a second, begins a new one. */
function askingOf(ctx: Context, template: CouponTemplate): Asking {
  const loaders = perApp(ctx, "coupon.eligibility", () => new WeakMap<CouponTemplate, Asking>());
  const known = loaders.get(template);
  if (known) return known;
  const made: Asking = askTogether(
    ctx.timers,
    (members: readonly number[]) => whichAreEligible(ctx, template, members),
    maxTogether,
  );
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
