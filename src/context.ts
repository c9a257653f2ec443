import type { Redis } from "@upstash/redis";
import type { Limits } from "./channels/catalog.ts";
import type { Sandbox } from "./channels/sandbox/sandbox.ts";
import type { Database } from "./db/client.ts";
import { isRefusal } from "./errors.ts";
import type { Queue } from "./queue/qstash.ts";

/** Who asks. */
export type Actor =
  | { readonly kind: "operator"; readonly id: number; readonly name: string; readonly role: Role }
  | { readonly kind: "service"; readonly id: number; readonly name: string; readonly scopes: readonly Scope[] }
  | { readonly kind: "member"; readonly seq: number; readonly id: string }
  | { readonly kind: "system"; readonly job: string }
  | { readonly kind: "anonymous" };

/** Operators' roles; each may do what those before it may. */
export const roles = ["viewer", "editor", "approver", "admin"] as const;
export type Role = (typeof roles)[number];

/** What a service token may be allowed. */
export const scopes = ["members:write", "events:write", "orders:write"] as const;
export type Scope = (typeof scopes)[number];

/** Settings that domains read; made once at start-up. */
export interface Settings {
  readonly publicUrl: string;
  /** The zone of members who have none, IANA. */
  readonly shopTimeZone: string;
  readonly shopName: string;
  /** Matches per page of a run. */
  readonly pageSize: number;
  /** Unfinished batches per run and channel that may be in the queue. */
  readonly batchWindow: number;
  /** How long a batch is held by the delivery that sends it, in milliseconds; longer than any provider call. */
  readonly leaseMs: number;
  /** How long the rows of a finished run's ledger are kept, in milliseconds; its sums are kept for ever. */
  readonly ledgerKeepMs: number;
  /** Launching to more members than this needs an approver who is not the author. */
  readonly approvalAbove: number;
  readonly limits: Readonly<Record<string, Limits>>;
  /** Signs links in messages (unsubscribe, clicks, claims). */
  readonly linkSecret: string;
  /** Keys the hashes by which logs tell coupon codes apart. */
  readonly codeSecret: string;
  /** Whether addresses that Fanfare is to call must be https and out in the world: in production. */
  readonly httpsOnly: boolean;
  /** Whether operators may play with the sandbox: everywhere but in a production that does not name it. */
  readonly sandboxAllowed: boolean;
}

export type Log = (level: "debug" | "info" | "warn" | "error", event: string, fields?: Record<string, unknown>) => void;

/** What every verb gets first. A transaction travels in it: inside {@link withTransaction}, `db` is the transaction. */
export interface Context {
  readonly db: Database;
  readonly redis: Redis | undefined;
  readonly queue: Queue;
  readonly settings: Settings;
  /** What the sandbox took instead of the providers; always there, perhaps unused. */
  readonly sandbox: Sandbox;
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly actor: Actor;
}

/**
 * Runs a verb's writes as one interactive transaction; joins the one that is already open. A refusal that it answers takes everything
 * back: a no changes nothing. (When a joined verb refuses, the verb that opened the transaction decides.)
 */
export async function withTransaction<T>(ctx: Context, work: (ctx: Context) => Promise<T>): Promise<T> {
  let refused: { readonly answer: T } | undefined;
  try {
    return await ctx.db.transaction(async (db) => {
      const answer = await work({ ...ctx, db });
      if (!isRefusal(answer)) return answer;
      refused = { answer };
      throw rollBack;
    });
  } catch (error) {
    if (error === rollBack && refused) return refused.answer;
    throw error;
  }
}

const rollBack = new Error("refused");

/** The actor in words, for logs of who did what; names no member's address. */
export function describeActor(actor: Actor): string {
  switch (actor.kind) {
    case "operator":
      return `operator ${actor.name}`;
    case "service":
      return `service ${actor.name}`;
    case "member":
      return `member ${actor.id}`;
    case "system":
      return `job ${actor.job}`;
    case "anonymous":
      return "nobody";
  }
}
