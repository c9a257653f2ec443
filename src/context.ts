import type { Redis } from "@upstash/redis";
import type { Actor, Scope } from "./actor.ts";
import type { AudienceLanguage } from "./audience/language.ts";
import type { AudienceTerm } from "./audience/term.ts";
import type { Limits } from "./channels/catalog.ts";
import type { Sandbox } from "./channels/sandbox/sandbox.ts";
import type { Database } from "./db/client.ts";
import type { Query } from "./db/statement.ts";
import { isRefusal } from "./errors.ts";
import type { EventType } from "./queue/event/event.ts";
import type { Message, OwnedMessage } from "./queue/message.ts";
import type { Flow, Queue } from "./queue/qstash.ts";

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
  /** Everything that the product is made of, lowest first; see `domains.ts`. */
  readonly domains: readonly Domain[];
  /** The language of filters, made of all domains' terms. */
  readonly audience: AudienceLanguage;
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
 * A part of the business as the machinery sees it: what operators, the sweep, the shop's webhooks, privacy, metrics and
 * the log need to know of it. Each of these walks the list of domains and names none.
 */
export interface Domain {
  /** The name of its folder, of its room in the schema and of its jobs. */
  readonly name: string;
  /** What it is, in a sentence. */
  readonly about: string;
  /** The tables that it alone writes. */
  readonly tables: readonly string[];
  /** Its messages; see `owned`. */
  readonly messages?: readonly OwnedMessage<Context>[];
  /** The usual limits of its flows. `a` is that of `a.1` and `a.2`, too. */
  readonly flows?: Readonly<Record<string, Flow>>;
  /** What the clock starts. */
  readonly every?: readonly Recurrence[];
  /** What can be asked of its members in filters. */
  readonly terms?: readonly AudienceTerm[];
  /** What the shop's webhooks may tell of. */
  readonly events?: readonly ToldEvent[];
  /** What it keeps of a member: exported, and erased. Every table with a column of members is in one of these. */
  readonly personalData?: readonly PersonalData[];
  /** What the messages are known by that an unfinished piece of its work waits for, by what that work is of, e.g. `run`. */
  readonly openWork?: Readonly<Record<string, OpenWork>>;
  /** The message that each unfinished piece of its work needs, of those that nothing has happened to since a moment (ms). */
  stalled?(ctx: Context, before: number): Promise<Message[]>;
  /** Ends what is over and forgets what is old: every minute, a bounded amount each time. */
  tidy?(ctx: Context): Promise<void>;
  /** Its figures for metrics. */
  readonly gauges?: readonly Gauge[];
  /** The fields that its log lines may carry: no address, code or token is ever one. */
  readonly logs?: readonly string[];
  /** What a service's token may be allowed to do with it, each in a sentence. */
  readonly scopes?: Readonly<Record<Scope, string>>;
  /** Pages and links outside GraphQL, by the first part of their path. */
  readonly routes?: Readonly<Record<string, Route>>;
  /** What runs beside requests and messages for as long as the process does. */
  readonly services?: readonly Service[];
}

/** Something that recurs: a cron line in UTC, and the message that comes then, with an empty payload. */
export interface Recurrence {
  readonly cron: string;
  readonly message: { readonly name: string };
}

/** An event that has a meaning outside, and what it says there. */
export interface ToldEvent {
  readonly event: Pick<EventType<never>, "type" | "version" | "ids">;
  readonly told: string;
}

/** What a domain holds about a member. */
export interface PersonalData {
  /** The key of its rows in an export. */
  readonly name: string;
  /** The table that they are of. */
  readonly table: string;
  /** Its rows of one member, as the export shows them. */
  readonly rows: (member: number) => Query;
  /** A row as an export shows it; as it is, unless given. */
  readonly show?: (row: Readonly<Record<string, unknown>>) => unknown;
  /** The statements that take the person out of them and leave every sum as it is. */
  readonly erase: (member: number) => readonly Query[];
}

/** Answers what the open work of `id` is known by, at most `limit` of each kind. */
export type OpenWork = (ctx: Context, id: number, limit: number) => Promise<OpenSubjects>;

export interface OpenSubjects {
  /** Subjects of messages that are waited for, whatever became of the last of them. */
  readonly unfinished: readonly string[];
  /** Subjects of messages that are waited for unless they were delivered. */
  readonly steps: readonly string[];
}

/** A figure, or one for each value of its labels; the name begins with `fanfare_`. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  read(ctx: Context): Promise<readonly Reading[]>;
}

export interface Reading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Answers requests for `/<name>/<rest>`. */
export type Route = (ctx: Context, rest: string, request: Request) => Response | Promise<Response>;

/** Starts something; whoever started it stops it. */
export type Service = (ctx: Context) => { stop(): Promise<void> | void };

/** A domain's manifest, `<domain>/domain.ts`. Nothing inside the domain imports it. */
export function defineDomain(domain: Domain): Domain {
  return domain;
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
