import { type SQL, sql } from "drizzle-orm";
import type { Actor } from "./actor.ts";
import { type Context, withTransaction } from "./context.ts";
import type { Query } from "./db/statement.ts";
import { isRefusal, type Refusal, refuse } from "./errors.ts";

/** Something that a caller may safely ask for twice. */
export interface Once<Answer, Refused extends Refusal> {
  /** The caller's name for this one request, 1–200 characters; without one it is done each time. */
  readonly key: string | undefined;
  /** All that was asked for, as JSON; the same key with something else is a CONFLICT. */
  readonly input: unknown;
  /** What must hold before; may be slow, for it runs outside the transaction. */
  readonly check?: () => Promise<Refused | undefined>;
  /** Does it, inside the transaction that it is given. Its answer must survive JSON. */
  readonly work: (ctx: Context) => Promise<Answer>;
}

/**
 * Does something once per caller and key (I6): the same key and input answer the same success again, without doing
 * anything. The answer commits with the work; refusals are not kept, so that what was refused may be tried again under
 * its key. The sweep forgets answers that are some days old.
 */
export async function once<Answer, Refused extends Refusal = never>(
  ctx: Context,
  { key, input, check, work }: Once<Answer, Refused>,
) {
  if (key === undefined) return (await check?.()) ?? withTransaction(ctx, work);
  if (key.length < 1 || key.length > 200) {
    return refuse.invalid([{ path: "idempotencyKey", message: "must have 1 to 200 characters" }]);
  }
  const request: Request = { caller: callerOf(ctx.actor), key, hash: hashOf(input) };
  const known = await keptAnswer<Answer>(ctx, request);
  if (known) return known.answer;
  const refused = await check?.();
  if (refused) return refused;
  return withTransaction(ctx, async (tx) => {
    const raced = await keptAnswer<Answer>(tx, request);
    if (raced) return raced.answer;
    const answer = await work(tx);
    if (!isRefusal(answer)) await keep(tx, request, answer);
    return answer;
  });
}

/**
 * The same for a batch of statements that answers nothing, such as what a provider tells: one that notes the caller's
 * key, and a condition that holds in the same transaction when the key was not noted before.
 */
export function noteOnce({ clock, id }: Context, { caller, key }: { caller: string; key: string }): NotedOnce {
  const token = id();
  return {
    note: sql`
      INSERT OR IGNORE INTO idempotency (caller, key, input_hash, answer, at)
      VALUES (${caller}, ${key}, '', ${token}, ${clock()})`,
    isFirst: sql`EXISTS (
      SELECT 1 FROM idempotency WHERE caller = ${caller} AND key = ${key} AND answer = ${token})`,
  };
}

interface NotedOnce {
  readonly note: Query;
  readonly isFirst: SQL;
}

interface Request {
  readonly caller: string;
  readonly key: string;
  readonly hash: string;
}

async function keptAnswer<Answer>(ctx: Context, request: Request) {
  const row = await ctx.db.first<{ input_hash: string; answer: string }>(sql`
    SELECT input_hash, answer FROM idempotency WHERE caller = ${request.caller} AND key = ${request.key}`);
  if (!row) return undefined;
  const answer: Exclude<Answer, Refusal> = JSON.parse(row.answer);
  if (row.input_hash === request.hash) return { answer };
  return { answer: refuse.conflict("This idempotency key was used with other input; take a new key.") };
}

async function keep(ctx: Context, { caller, key, hash }: Request, answer: unknown): Promise<void> {
  await ctx.db.write([
    sql`
      INSERT INTO idempotency (caller, key, input_hash, answer, at)
      VALUES (${caller}, ${key}, ${hash}, ${JSON.stringify(answer)}, ${ctx.clock()})`,
  ]);
}

/** Forgets answers that were given before a time (ms). */
export function forgetAnswers(before: number): Query {
  return sql`DELETE FROM idempotency WHERE at < ${before}`;
}

/** Forgets what a member was answered: coupons, with their codes. */
export function forgetAnswersTo(member: number): Query {
  return sql`DELETE FROM idempotency WHERE caller = ${`member/${member}`}`;
}

/**
 * Keys belong to a token or a member, not to a name that two may have; an operator's to the shop as well: of what was
 * made for another nothing is answered to whoever works for this one now.
 */
function callerOf(actor: Actor): string {
  switch (actor.kind) {
    case "operator":
      return actor.shop === "" ? `operator/${actor.id}` : `operator/${actor.id}@${actor.shop}`;
    case "service":
      return `service/${actor.id}`;
    case "member":
      return `member/${actor.seq}`;
    case "system":
      return `job/${actor.job}`;
    case "anonymous":
      throw new Error("nobody has no idempotency keys");
  }
}

/** The input's hash, whatever the order of its keys. */
function hashOf(input: unknown): string {
  const sorted = (_name: string, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(input, sorted) ?? "").digest("hex");
}
