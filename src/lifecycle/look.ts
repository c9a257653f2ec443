import { sql } from "drizzle-orm";
import { launchDecided } from "../campaign/control/launch-decided.ts";
import { unfitPush } from "../campaign/push/standing.ts";
import { type Context, withTransaction } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import { isRefusal, type Refusal } from "../errors.ts";
import { candidates, type Place, type Search } from "./candidates.ts";
import { draftOfPush, lateMs } from "./draft.ts";
import { type Decided, occasionsOf } from "./occasion.ts";
import { findPolicy, type LifecyclePolicy } from "./policy.ts";

/** Members marked in one transaction. */
const pageSize = 2_000;

/** Which look of which policy; `at`: as it was planned (ms). */
export interface LookKey {
  readonly policy: number;
  readonly at: number;
}

/**
 * Looks whose hour of a policy has come and launches one campaign for exactly these. Each occasion is marked once,
 * whatever comes twice: a look that was killed goes on where it was, and has one campaign in the end. Where nobody can
 * be told at present nothing is marked, and the policy says why: the next look of the day makes up for it.
 */
export async function look(ctx: Context, key: LookKey): Promise<void> {
  const system: Context = { ...ctx, actor: { kind: "system", job: "lifecycle" } };
  const policy = await findPolicy(system, key.policy);
  if (!policy || !(await isOpen(system, key))) return;
  const now = system.clock();
  if (!policy.enabled || now > key.at + lateMs) return drop(system, key, { isOver: true, fault: null });
  const fault = await markAll(system, key, policy, now);
  if (fault === null) await finish(system, key, policy, now);
  else await drop(system, key, { isOver: false, fault });
}

/** A look that comes to nothing. One that was killed on its way and has marked members waits, unless it is too late. */
async function drop(
  ctx: Context,
  { policy, at }: LookKey,
  { isOver, fault }: { readonly isOver: boolean; readonly fault: string | null },
): Promise<void> {
  const marked = sql`EXISTS (SELECT 1 FROM lifecycle_mark k WHERE k.policy = ${policy} AND k.look = ${at})`;
  await ctx.db.write([
    saysFault(policy, fault),
    sql`
      DELETE FROM lifecycle_look WHERE policy = ${policy} AND at = ${at} AND state = 'OPEN'
        AND (${isOver ? 1 : 0} OR NOT ${marked})`,
  ]);
}

async function isOpen({ db }: Context, { policy, at }: LookKey): Promise<boolean> {
  const open = sql`SELECT 1 FROM lifecycle_look WHERE policy = ${policy} AND at = ${at} AND state = 'OPEN'`;
  return (await db.first(open)) !== undefined;
}

async function faultOf(ctx: Context, { shop, name, push }: LifecyclePolicy): Promise<string | null> {
  const unfit = await unfitPush(ctx, shop, draftOfPush(ctx, { name, push, filter: { level: { gte: 0 } } }));
  return unfit === undefined ? null : inWords(unfit);
}

function inWords(refusal: Refusal): string {
  const issues = "issues" in refusal ? (refusal.issues as readonly { path: string; message: string }[]) : [];
  return [refusal.message, ...issues.map(({ path, message }) => `${path}: ${message}`)].join(" ");
}

/** Marks all whose day has come, page by page; where nobody can be told, nobody, and answers why. */
async function markAll(ctx: Context, key: LookKey, policy: LifecyclePolicy, now: number): Promise<string | null> {
  const { shop, kind, days, hour, lookedTo: since } = policy;
  const search: Search = { policy: policy.id, shop, kind, days, hour, since, now };
  const decide = occasionsOf(search);
  let isAsked = false;
  let after: Place | undefined;
  for (;;) {
    const page = await candidates(ctx, search, after, pageSize);
    const decided = page.flatMap((candidate) => decide(candidate) ?? []);
    if (decided.length > 0) {
      const fault = isAsked ? null : await faultOf(ctx, policy);
      if (fault !== null) return fault;
      isAsked = true;
      await ctx.db.write([mark(key, decided, now)]);
    }
    const last = page.at(-1);
    if (!last || page.length < pageSize) return null;
    after = { value: last.value, id: last.id };
  }
}

/** An occasion is decided on once: whoever comes second finds it marked. */
function mark({ policy, at }: LookKey, decided: readonly Decided[], now: number) {
  return sql`
    INSERT INTO lifecycle_mark (policy, member, occasion, look, at)
    SELECT ${policy}, ${field("member")}, ${field("occasion")}, ${field("look")}, ${now}
    FROM ${rows(decided.map(({ isMissed, ...each }) => ({ ...each, look: isMissed ? -at : at })))}
    WHERE EXISTS (SELECT 1 FROM lifecycle_look WHERE policy = ${policy} AND at = ${at} AND state = 'OPEN')
    ON CONFLICT DO NOTHING`;
}

function saysFault(policy: number, fault: string | null) {
  return sql`UPDATE lifecycle_policy SET fault = ${fault} WHERE id = ${policy} AND fault IS NOT ${fault}`;
}

/** Ends a look: the campaign that tells its members begins in the same transaction, once. */
async function finish(ctx: Context, key: LookKey, policy: LifecyclePolicy, now: number): Promise<void> {
  const { id, shop, name, push } = policy;
  const ended = await withTransaction(ctx, async (tx) => {
    const [done] = await tx.db.write([
      sql`
        UPDATE lifecycle_look SET state = 'DONE', members = (
          SELECT count(DISTINCT member) FROM lifecycle_mark WHERE policy = ${id} AND look = ${key.at})
        WHERE policy = ${id} AND at = ${key.at} AND state = 'OPEN' RETURNING members`,
    ]);
    if (done?.rowsAffected !== 1 && done?.rows.length !== 1) return undefined;
    await tx.db.write([countOccasions(key, now)]);
    if (Number(done.rows[0]?.members) === 0) {
      await tx.db.write([sql`DELETE FROM lifecycle_look WHERE policy = ${id} AND at = ${key.at} AND campaign IS NULL`]);
      return undefined;
    }
    const filter = { lifecycle: { policy: id, at: new Date(key.at).toISOString() } };
    const draft = draftOfPush(tx, { name, push, filter });
    const campaign = await launchDecided(tx, { ...draft, shop, reason: "a day of the member's own has come" });
    if (isRefusal(campaign)) return campaign;
    await tx.db.write([
      sql`UPDATE lifecycle_look SET campaign = ${campaign.id} WHERE policy = ${id} AND at = ${key.at}`,
    ]);
    return campaign;
  });
  if (!isRefusal(ended)) return;
  ctx.log("error", "lifecycle.refused", { policy: id, reason: ended.message });
  await ctx.db.write([saysFault(id, inWords(ended))]);
}

/** Of the look that has just ended: nothing is marked by it any more, so that it is counted once. */
function countOccasions({ policy, at }: LookKey, now: number) {
  const marked = (look: number) =>
    sql`(SELECT count(*) FROM lifecycle_mark WHERE policy = ${policy} AND look = ${look})`;
  return sql`
    UPDATE lifecycle_policy SET told = told + ${marked(at)}, missed = missed + ${marked(-at)},
      looked_to = max(looked_to, ${now}), fault = NULL WHERE id = ${policy}`;
}
