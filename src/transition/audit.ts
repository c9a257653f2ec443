import { type SQL, sql } from "drizzle-orm";
import { describeActor } from "../actor.ts";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { shopOf } from "../shop.ts";

/** Something that was done to a thing. */
export interface AuditEntry {
  readonly id: number;
  /** In words; of a transition, the state that it led to. */
  readonly what: string;
  /** The state before, or what a fact that changed said, in words. */
  readonly from: string | null;
  readonly to: string | null;
  /** Who did it, in words; see `describeActor`. */
  readonly actor: string;
  readonly reason: string | null;
  /** Milliseconds. */
  readonly at: number;
}

/** How a thing is called in the audit: `campaign/7`. */
export function subjectOf(noun: string, id: number): string {
  return `${noun}/${id}`;
}

/** A transition of all rows of a table that a condition selects. */
interface AuditedTransition {
  /** What the rows are, e.g. `campaign`: the subject is `<noun>/<id>`. */
  readonly noun: string;
  /** The table, with columns `id` and `state`. */
  readonly table: SQL;
  readonly where: SQL;
  readonly to: string;
  readonly reason?: string | undefined;
}

/** The statement that logs a transition; it stands before the update, while the rows are still in their old states. */
export function auditTransition(ctx: Context, { noun, table, where, to, reason }: AuditedTransition): Query {
  return sql`
    INSERT INTO audit (subject, what, from_state, to_state, ${who}, shop)
    SELECT ${`${noun}/`} || id, ${to}, state, ${to}, ${by(ctx, reason)}, ${shopOfSubject(ctx, noun, sql`${table}.id`)}
    FROM ${table} WHERE ${where}`;
}

/** Who did it, why and when; {@link by} are their values. */
const who = sql.raw("actor, operator, token, actor_shop, reason, at");

function by(ctx: Context, reason: string | null = null): SQL {
  const { actor } = ctx;
  const operator = actor.kind === "operator" ? actor.operator : null;
  const token = actor.kind === "operator" || actor.kind === "service" ? actor.id : null;
  return sql`${describeActor(actor)}, ${operator}, ${token}, ${shopOf(ctx)}, ${reason ?? ctx.reason ?? null},
    ${ctx.clock()}`;
}

/** The shop of what is called so in the audit, as an SQL expression; the company's own where it belongs to none. */
function shopOfSubject({ domains }: Context, noun: string, id: SQL): SQL {
  const shop = domains.map(({ subjects = {} }) => subjects[noun]).find((known) => known !== undefined)?.shop;
  return shop ? sql`coalesce((${shop(id)}), '')` : sql`''`;
}

function shopOfThing(ctx: Context, subject: string): SQL {
  const [, noun = "", id = ""] = /^(.*)\/(\d+)$/.exec(subject) ?? [];
  return shopOfSubject(ctx, noun, sql`${Number(id)}`);
}

/** The statement that writes down what was done to a thing, where `guard` holds, and why, where that was said. */
export function auditDeed(
  ctx: Context,
  subject: string,
  what: string,
  guard: SQL = sql`1`,
  reason: string | null = null,
): Query {
  return sql`
    INSERT INTO audit (subject, what, ${who}, shop)
    SELECT ${subject}, ${what}, ${by(ctx, reason)}, ${shopOfThing(ctx, subject)} WHERE ${guard}`;
}

/** A fact that was changed: what it said before and what it says now, in words. */
export interface Change {
  readonly fact: string;
  readonly from: string;
  readonly to: string;
}

/** The statements that write down what was changed of a thing, an entry for each fact. */
export function auditChanges(ctx: Context, subject: string, changes: readonly Change[]): Query[] {
  return changes.map(
    ({ fact, from, to }) => sql`
      INSERT INTO audit (subject, what, from_state, to_state, ${who}, shop)
      VALUES (${subject}, ${`changed ${fact}`}, ${from}, ${to}, ${by(ctx)}, ${shopOfThing(ctx, subject)})`,
  );
}

/** Entries of one history at most. */
export const historyLimit = 200;

/** What was done to a thing, newest first, at most {@link historyLimit} entries. */
export function historyOf({ db }: Pick<Context, "db">, subject: string): Promise<AuditEntry[]> {
  return db.all<AuditEntry>(sql`
    SELECT id, what, from_state AS "from", to_state AS "to", actor, reason, at FROM audit
    WHERE subject = ${subject} ORDER BY id DESC LIMIT ${historyLimit}`);
}
