import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { perApp } from "../../memory.ts";
import { dropAvailable } from "../cache/sync-cache.ts";
import type { CacheContext } from "../cache/wallet-cache.ts";
import { lowerGate } from "../gate/units.ts";
import { type Arrivals, arrivals } from "./arrivals.ts";
import { type ClaimFacts, type Decided, decideTogether } from "./claim-facts.ts";
import type { PendingClaim } from "./pending-claim.ts";

/** Claims in one statement at most: bounds how long one commit takes. */
const maxTogether = 100;

interface Waiting {
  readonly claim: PendingClaim;
  readonly decided: PromiseWithResolvers<ClaimFacts>;
}

interface Committer {
  /** What the database made of a claim. Rejects when it could not be asked: then nobody knows. */
  commit(claim: PendingClaim): Promise<ClaimFacts>;
  /** Announces a claim that stands at the gate, until what is answered is called: a commit waits for it a moment. */
  readonly expect: Arrivals["expect"];
  /** Claims that are not decided yet. */
  readonly size: number;
}

/**
 * The committer of an app: claims that wait together are decided by one statement and made durable by one commit,
 * whatever their templates. Equal claims are one.
 */
export function committerOf(ctx: Context): Committer {
  return perApp(ctx, "coupon.committer", () => createCommitter(ctx));
}

/** Decides claims of one key that go together, all or none, `also` with them, and tells of the first. */
export async function commitTogether(
  ctx: Context,
  claims: readonly [PendingClaim, ...PendingClaim[]],
  also: readonly Query[],
): Promise<ClaimFacts> {
  const [first, ...others] = claims;
  if (others.length === 0 && also.length === 0) return committerOf(ctx).commit(first);
  const decided = await decideTogether(ctx, claims, also);
  tellCaches(ctx, claims, decided);
  const [facts] = decided.facts;
  if (!facts) throw saidNothing();
  return facts;
}

const saidNothing = () => new Error("the database said nothing of a claim");

type CommitContext = CacheContext & Pick<Context, "db">;

function createCommitter(ctx: CommitContext): Committer {
  const waiting: Waiting[] = [];
  const under = new Map<string, Promise<ClaimFacts>>();
  const { expect, others } = arrivals(ctx.timers);
  let running = false;

  async function run(): Promise<void> {
    running = true;
    // What arrives in this turn of the event loop, and while a commit is on its way to the disk, goes together.
    await new Promise<void>((resolve) => ctx.timers.soon(resolve));
    while (waiting.length > 0) {
      if (waiting.length < maxTogether) await others();
      await decide(ctx, nextOf(waiting));
    }
    running = false;
  }

  return {
    get size() {
      return under.size;
    },
    commit(claim) {
      const name = nameOf(claim);
      const same = under.get(name);
      if (same) return same;
      const decided = Promise.withResolvers<ClaimFacts>();
      waiting.push({ claim, decided });
      under.set(name, decided.promise);
      decided.promise.then(
        () => under.delete(name),
        () => under.delete(name),
      );
      if (!running) void run();
      return decided.promise;
    },
    expect,
  };
}

/** What one claim is; the code of one that is not typed in is made anew at each try. */
function nameOf({ token, template, source, code }: PendingClaim): string {
  return `${token}/${template}/${source === "CODE" ? code : ""}`;
}

/**
 * The next claims to be decided together. A key or a code that two of them name makes one coupon at most, and a claim
 * that makes none must not take a number from the member's next one: so the second waits for the next commit, where the
 * first is known.
 */
function nextOf(waiting: Waiting[]): Waiting[] {
  const named = new Set<string>();
  const isAnother = ({ claim: { token, source, code } }: Waiting) => {
    const names = [`token/${token}`, ...(source === "CODE" ? [`code/${code}`] : [])];
    const isNew = names.every((name) => !named.has(name));
    for (const name of names) named.add(name);
    return isNew;
  };
  const group = waiting.slice(0, maxTogether).filter(isAnother);
  const taken = new Set(group);
  waiting.splice(0, maxTogether, ...waiting.slice(0, maxTogether).filter((each) => !taken.has(each)));
  return group;
}

async function decide(ctx: CommitContext, group: readonly Waiting[]): Promise<void> {
  try {
    const claims = group.map(({ claim }) => claim);
    const decided = await decideTogether(ctx, claims);
    tellCaches(ctx, claims, decided);
    for (const [n, { decided: done }] of group.entries()) {
      const facts = decided.facts[n];
      if (facts) done.resolve(facts);
      else done.reject(saidNothing());
    }
  } catch (error) {
    for (const { decided } of group) decided.reject(error);
  }
}

/**
 * One round trip for all, and nobody waits for it. What was given past a gate leaves it, too: one with too many only
 * lets them through.
 */
function tellCaches(ctx: CommitContext, claims: readonly PendingClaim[], { facts, left }: Decided): void {
  void dropAvailable(
    ctx,
    claims.filter((_, n) => facts[n]?.coupon).map(({ member }) => member),
  );
  for (const [template, remaining] of left) void lowerGate(ctx.redis, template, remaining);
}
