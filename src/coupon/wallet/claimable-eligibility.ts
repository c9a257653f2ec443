import { type SQL, sql } from "drizzle-orm";
import { compileAudience, liveMember } from "../../audience/audience.ts";
import type { MemberContext } from "../../context.ts";
import type { CouponTemplate } from "../table.ts";
import { audienceOf } from "../template/eligibility.ts";

/** Filters asked in one statement: each may have hundreds of conditions. */
const batchSize = 20;

/** Which of these templates are for the acting member, now: each different audience is asked once, many together. */
export async function eligibleTo(
  ctx: MemberContext,
  templates: readonly CouponTemplate[],
): Promise<ReadonlySet<number>> {
  const groups = [...Map.groupBy(templates, ({ eligibility }) => JSON.stringify(eligibility)).values()];
  const [open, filtered] = [groups.filter(isForAll), groups.filter((group) => !isForAll(group))];
  const answers: boolean[] = [];
  for (let at = 0; at < filtered.length; at += batchSize) {
    answers.push(
      ...(await matches(
        ctx,
        filtered.slice(at, at + batchSize).map((group) => predicateOf(ctx, group)),
      )),
    );
  }
  const mine = [...open, ...filtered.filter((_, i) => answers[i])];
  return new Set(mine.flat().map(({ id }) => id));
}

type Group = readonly CouponTemplate[];

function isForAll([first]: Group): boolean {
  return first === undefined || first.eligibility === null;
}

function predicateOf(ctx: MemberContext, [first]: Group): SQL {
  if (!first) return sql`1`;
  return compileAudience(audienceOf(ctx, first), { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone });
}

async function matches({ db, actor }: MemberContext, predicates: readonly SQL[]): Promise<boolean[]> {
  const row = await db.first<{ answers: string }>(sql`
    SELECT json_array(${sql.join([...predicates], sql`, `)}) AS answers
    FROM member m WHERE m.seq = ${actor.seq} AND ${liveMember}`);
  const answers: number[] = JSON.parse(row?.answers ?? "[]");
  return predicates.map((_, i) => answers[i] === 1);
}
