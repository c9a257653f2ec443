import { type SQL, sql } from "drizzle-orm";
import { type Audience, compileAudience, liveMember } from "../../audience/audience.ts";
import type { MemberContext } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { audienceOf } from "../template/eligibility.ts";
import type { OpenTemplate } from "./open-templates.ts";

/** Filters asked in one statement: each may have hundreds of conditions. */
const batchSize = 20;

/** What the acting member's filters answered so far, by {@link questionOf}. */
export type Answers = Map<string, boolean>;

/** What is asked of a member for a template: its filter as its shop means it; null where it is for everyone. */
export function questionOf({ shop, eligibility }: Pick<OpenTemplate, "shop" | "eligibility">): string | null {
  return eligibility === null ? null : JSON.stringify([shop, eligibility]);
}

/** Asks the filters of these templates of the acting member, as far as they were not: each once, many together. */
export async function askFilters(
  ctx: MemberContext,
  templates: readonly OpenTemplate[],
  answers: Answers,
): Promise<void> {
  const unknown = [...Map.groupBy(templates, questionOf)].flatMap(([question, [first]]) => {
    if (question === null || answers.has(question) || !first || first.eligibility === null) return [];
    return [{ question, shop: first.shop, audience: parsed(ctx, first.id, first.eligibility) }];
  });
  for (let at = 0; at < unknown.length; at += batchSize) {
    const batch = unknown.slice(at, at + batchSize);
    const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone };
    const said = await matches(
      ctx,
      batch.map(({ audience, shop }) => compileAudience(audience, { ...env, shop })),
    );
    for (const [i, { question }] of batch.entries()) answers.set(question, said[i] ?? false);
  }
}

const maxKept = 5_000;

/** Members come by the thousand, with the same filters. */
function parsed(ctx: MemberContext, id: number, filter: string): Audience {
  const kept = perApp(ctx, "coupon.parsedEligibility", () => new Map<string, Audience>());
  const known = kept.get(filter);
  if (known) return known;
  if (kept.size >= maxKept) kept.clear();
  const audience = audienceOf(ctx, { id, eligibility: JSON.parse(filter) });
  kept.set(filter, audience);
  return audience;
}

async function matches({ db, actor }: MemberContext, predicates: readonly SQL[]): Promise<boolean[]> {
  const row = await db.first<{ answers: string }>(sql`
    SELECT json_array(${sql.join([...predicates], sql`, `)}) AS answers
    FROM member m WHERE m.seq = ${actor.seq} AND ${liveMember}`);
  const answers: number[] = JSON.parse(row?.answers ?? "[]");
  return predicates.map((_, i) => answers[i] === 1);
}
