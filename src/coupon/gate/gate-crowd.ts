import { askTogether } from "../../ask-together.ts";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { type Admission, admitEach, type Claimant, settle } from "./gate.ts";

/** Claims of one call at most: bounds how long Redis is held. */
const maxTogether = 200;

type CrowdContext = Pick<Context, "redis" | "memory" | "timers" | "clock">;

/**
 * Asks the gate for one unit. Claims that come in one turn of the event loop go together, those of a template by one
 * call, in which each is admitted by itself.
 */
export function admitInCrowd(ctx: CrowdContext, claim: Claimant): Promise<Admission> {
  return perApp(ctx, "coupon.admissions", () => asking(ctx))(claim);
}

function asking({ redis, timers, clock }: CrowdContext): (claim: Claimant) => Promise<Admission> {
  const ask = async (claims: readonly Claimant[]) => {
    const byTemplate = Map.groupBy(claims, ({ template }) => template);
    const answers = new Map<Claimant, Admission>();
    await Promise.all(
      [...byTemplate].map(async ([template, some]) => {
        const admissions = await admitEach(redis, template, some, clock());
        for (const [n, admission] of admissions.entries()) answers.set(some[n] as Claimant, admission);
      }),
    );
    return claims.map((claim): Admission => answers.get(claim) ?? { kind: "unavailable" });
  };
  return askTogether(timers, ask, maxTogether);
}

interface Outcome {
  readonly issued: string[];
  readonly refused: string[];
}

/**
 * Tells the gate what became of a claim, with all that this turn of the event loop decides. Nobody waits for it: what
 * the gate does not hear, the reaper tells it.
 */
export function settleInCrowd(ctx: CrowdContext, { template, token }: Claimant, isIssued: boolean): void {
  const waiting = perApp(ctx, "coupon.settlements", () => new Map<number, Outcome>());
  if (waiting.size === 0) ctx.timers.soon(() => settleAll(ctx, waiting));
  const outcome = waiting.get(template) ?? { issued: [], refused: [] };
  waiting.set(template, outcome);
  outcome[isIssued ? "issued" : "refused"].push(token);
}

function settleAll({ redis }: CrowdContext, waiting: Map<number, Outcome>): void {
  for (const [template, outcome] of waiting) void settle(redis, template, outcome);
  waiting.clear();
}
