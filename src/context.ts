import type { Redis } from "@upstash/redis";
import type { SQL } from "drizzle-orm";
import type { Actor, Scope } from "./actor.ts";
import type { AudienceLanguage } from "./audience/language.ts";
import type { AudienceTerm } from "./audience/term.ts";
import type { Sandbox } from "./channels/sandbox/sandbox.ts";
import type { Database } from "./db/client.ts";
import type { HeavyReads } from "./db/heavy/heavy-reads.ts";
import type { Query } from "./db/statement.ts";
import { type Issue, isRefusal, type Refusal } from "./errors.ts";
import type { FiguresByShop } from "./figures.ts";
import type { Gift, Issuing, Promised, Recipient, Recipients, TakenBack } from "./giving.ts";
import type { Memory } from "./memory.ts";
import type { EventType } from "./queue/event/event.ts";
import type { Message, OwnedMessage } from "./queue/message.ts";
import type { Flow, Queue } from "./queue/qstash.ts";
import type { Settings, SettingsSlice } from "./settings-slice.ts";
import type { Timed } from "./timed.ts";
import type { World } from "./world.ts";

export type Log = (level: "debug" | "info" | "warn" | "error", event: string, fields?: Record<string, unknown>) => void;

/**
 * What every verb gets first: also time, chance and ids, which come from nowhere else. A transaction travels in it:
 * inside {@link withTransaction}, `db` is the transaction.
 */
export interface Context extends World {
  readonly db: Database;
  /** For reads that may look at every member; outside of transactions. */
  readonly heavy: HeavyReads;
  readonly redis: Redis | undefined;
  readonly queue: Queue;
  readonly settings: Settings;
  /** Everything that the product is made of, lowest first; see `domains.ts`. */
  readonly domains: readonly Domain[];
  /** The language of filters, made of all domains' terms. */
  readonly audience: AudienceLanguage;
  /** What can be given to members, of all domains. */
  readonly rewards: Rewards;
  /** What the sandbox took instead of the providers; always there, perhaps unused. */
  readonly sandbox: Sandbox;
  readonly log: Log;
  /** What this app remembers; see `perApp`. */
  readonly memory: Memory;
  readonly actor: Actor;
  /** Why the actor does it, where that was said; the audit keeps it. */
  readonly reason?: string | undefined;
}

/** A context whose actor is a member. */
export interface MemberContext extends Context {
  readonly actor: Extract<Context["actor"], { kind: "member" }>;
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
  /** What it can give to members. */
  readonly rewards?: readonly Reward[];
  /** What schedules set off of it, by its noun, e.g. `campaign`. */
  readonly timed?: Readonly<Record<string, Timed<Context>>>;
  /** What the shop's webhooks may tell of. */
  readonly events?: readonly ToldEvent[];
  /** What it keeps of a member: exported, and erased. Every table with a column of members is in one of these. */
  readonly personalData?: readonly PersonalData[];
  /** What the messages are known by that unfinished work of it waits for, by what that work is of, e.g. `run`. */
  readonly openWork?: Readonly<Record<string, OpenWork>>;
  /** The message that each unfinished piece of its work needs to which nothing has happened since a moment (ms). */
  stalled?(ctx: Context, before: number): Promise<Message[]>;
  /** After the clock was set back: the statements by which what waits for so long waits no longer than it may. */
  readonly shortenWaits?: (ctx: Context) => readonly Query[];
  /** Ends what is over: every minute, a bounded amount each time. */
  tidy?(ctx: Context): Promise<void>;
  /** Why a campaign that is its own tells a member or does not, in a sentence; nothing of other campaigns. */
  whyTold?(ctx: Context, about: { campaign: number; member: number }): Promise<string | undefined>;
  /** What it keeps for a time only. */
  readonly keeps?: readonly Retention[];
  /** What it has that a history is kept of, by the noun that audits call it by, e.g. `campaign` of `campaign/7`. */
  readonly subjects?: Readonly<Record<string, Subject>>;
  /** Its figures for metrics. */
  readonly gauges?: readonly Gauge[];
  /** Its figures by shop. */
  readonly figures?: FiguresByShop<Context>;
  /** The fields that its log lines may carry: no address, code or token is ever one. */
  readonly logs?: readonly string[];
  /** Its settings. */
  readonly settings?: SettingsSlice;
  /** What a service's token may be allowed to do with it, each in a sentence. */
  readonly scopes?: Readonly<Record<Scope, string>>;
  /** Pages and links outside GraphQL, by the first part of their path. */
  readonly routes?: Readonly<Record<string, Route>>;
  /** What runs beside requests and messages for as long as the process does. */
  readonly services?: readonly Service[];
}

/** A kind of thing that a history is kept of. */
export interface Subject {
  /** Its type in GraphQL; left out where it has no id there, such as a flow of the queue. */
  readonly type?: string;
  /** What it is, in a word or two; its noun unless given. */
  readonly about?: string;
  /** The shop that one of them belongs to, by its number, as an SQL expression; left out where none does. */
  readonly shop?: (id: SQL) => SQL;
}

/** Something that recurs: a cron line in UTC, and the message that comes then, with an empty payload. */
export interface Recurrence {
  readonly cron: string;
  readonly message: { readonly name: string };
}

/** An event that has a meaning outside, and what it says there. */
export interface ToldEvent {
  readonly event: Pick<EventType<never>, "type" | "version" | "outside">;
  readonly told: string;
}

/**
 * Something that can be given to members. Whoever gives it – promotions, campaigns, triggers, lotteries – holds its
 * kind and its terms as JSON, and reaches it through `ctx.rewards`: so a domain can check and give what one above it
 * defines.
 */
export interface Reward {
  /** E.g. `COUPON`. */
  readonly kind: string;
  readonly about: string;
  /** What is wrong with terms, by the path in them: their shape, what they name, or why a promise could not be kept. */
  issues(ctx: Context, terms: unknown, promised?: Promised): Promise<readonly Issue[]>;
  /** What they are worth, in words for operators. Throws for terms that do not fit, as do all of these. */
  describe(ctx: Context, terms: unknown): Promise<string>;
  /** How many more can be given, as an SQL expression; more than anyone could give where nothing bounds it. */
  left(terms: unknown): SQL;
  /** How many more a member (by `seq`) can be given, the same way; nothing (0 or null) where none. */
  leftFor(ctx: Context, terms: unknown, member: number): Promise<SQL>;
  /** Gives one to each of many, in the batch of whoever decided who they are. */
  issueToMembers(ctx: Context, terms: unknown, to: Recipients): Promise<Issuing>;
  /** Gives one to a member, once for each key. */
  issueOne(ctx: Context, terms: unknown, to: Recipient): Promise<{ readonly id: number } | Refusal>;
  /**
   * Takes back what a key gave, or would still give: from then on the key gives nothing more. Safe to repeat, and
   * beside an `issueOne` of the key.
   */
  takeBack(ctx: Context, from: Gift): Promise<TakenBack>;
}

/** What can be given, by kind. */
export interface Rewards {
  readonly kinds: readonly string[];
  /** The reward of a kind, if there is one. */
  of(kind: string): Reward | undefined;
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

/** Something that is kept for a time only, or only so much of it. */
export interface Retention {
  /** E.g. `inbox`; metrics count by it what was forgotten. */
  readonly name: string;
  /** For how long, or how many, with the variables that say so, for the docs. */
  readonly kept: string;
  /** Forgets what is kept no longer, every minute a bounded amount; answers how many rows that were. */
  forget(ctx: Context): Promise<number>;
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
 * Runs a verb's writes as one interactive transaction; joins the one that is already open. Where the database takes it
 * back, `work` is run again. A refusal that it answers takes everything back: a no changes nothing. (When a joined verb
 * refuses, the verb that opened the transaction decides.)
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
