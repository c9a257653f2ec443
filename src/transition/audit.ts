import { type SQL, sql } from "drizzle-orm";
import { describeActor } from "../actor.ts";
import type { Context, Subject } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { rowNumber } from "../ids.ts";
import { inReach, shopOf } from "../shop.ts";

/** Something that was done to a thing. */
export interface AuditEntry {
  readonly id: number;
  /** What it was done to; see {@link subjectOf}. */
  readonly subject: string;
  /** In words; of a transition, the state that it led to. No personal data: no address, no member's name, no code. */
  readonly what: string;
  /** The state before, or what a fact that changed said, in words. */
  readonly from: string | null;
  readonly to: string | null;
  /** Who did it, in words; see `describeActor`. */
  readonly actor: string;
  /** The person's number; null where it was none. */
  readonly operator: number | null;
  /** The name of the token that they came with, an operator or a service. */
  readonly token: string | null;
  /** The shop that the person worked for then; empty: all of them. */
  readonly actorShop: string;
  /** The shop that the thing belongs to; empty: the company itself. */
  readonly shop: string;
  readonly reason: string | null;
  /** Milliseconds. */
  readonly at: number;
}

/** How a thing is called in the audit: `campaign/7`, or `flow/EMAIL` where it has no number. */
export function subjectOf(noun: string, id: number | string): string {
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

/**
 * The shop of what is called so in the audit, as an SQL expression. What belongs to none, such as an order, is the
 * shop's whose operator did it.
 */
function shopOfSubject(ctx: Context, noun: string, id: SQL): SQL {
  const shop = subjectOfNoun(ctx, noun)?.shop;
  return shop ? sql`coalesce((${shop(id)}), '')` : sql`${shopOf(ctx)}`;
}

function subjectOfNoun({ domains }: Context, noun: string): Subject | undefined {
  return domains.map(({ subjects = {} }) => subjects[noun]).find((known) => known !== undefined);
}

function shopOfThing(ctx: Context, subject: string): SQL {
  const { noun, key } = partsOf(subject);
  return shopOfSubject(ctx, noun, sql`${rowNumber(key) ?? 0}`);
}

/** What a subject is, and which one. */
export function partsOf(subject: string): { readonly noun: string; readonly key: string } {
  const at = subject.indexOf("/");
  return { noun: subject.slice(0, Math.max(0, at)), key: subject.slice(at + 1) };
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

/**
 * The same where an operator did it, and nothing where somebody else did: for what services and jobs do all day long,
 * which pays nothing for it.
 */
export function auditOperator(ctx: Context, subject: string, what: string, guard?: SQL): Query[] {
  return ctx.actor.kind === "operator" ? [auditDeed(ctx, subject, what, guard)] : [];
}

/** The same of each row of a subquery: its columns `id`, the thing's number, and `what`. */
export function auditEach(ctx: Context, noun: string, from: SQL): Query[] {
  if (ctx.actor.kind !== "operator") return [];
  return [
    sql`
      INSERT INTO audit (subject, what, ${who}, shop)
      SELECT ${`${noun}/`} || done.id, what, ${by(ctx)}, ${shopOfSubject(ctx, noun, sql`done.id`)} FROM ${from} done`,
  ];
}

/** A fact that was changed: what it said before and what it says now, in words; null where that is too long to tell. */
export interface Change {
  readonly fact: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** The statements that write down what was changed of a thing, an entry for each fact. */
export function auditChanges(ctx: Context, subject: string, changes: readonly Change[]): Query[] {
  return changes.map(
    ({ fact, from, to }) => sql`
      INSERT INTO audit (subject, what, from_state, to_state, ${who}, shop)
      VALUES (${subject}, ${changed(fact)}, ${from}, ${to}, ${by(ctx)}, ${shopOfThing(ctx, subject)})`,
  );
}

/**
 * What differs between two forms of a thing, by the names of its facts; `untold` are never quoted. Numbers that are
 * called `…At` are moments.
 */
export function changesBetween(before: Facts, after: Facts, untold: readonly string[] = []): Change[] {
  return Object.keys(after).flatMap((fact) => {
    const [from, to] = [toldFact(fact, before[fact]), toldFact(fact, after[fact])];
    if (from === to) return [];
    const isTold = !untold.includes(fact) && Math.max(from.length, to.length) <= longestFact;
    return [{ fact, from: isTold ? from : null, to: isTold ? to : null }];
  });
}

type Facts = Readonly<Record<string, unknown>>;

/** Of what is longer only that it changed is told. */
const longestFact = 200;

function toldFact(name: string, value: unknown): string {
  if (value === undefined || value === null) return "none";
  if (typeof value === "number" && name.endsWith("At")) return new Date(value).toISOString();
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The statement that blanks the reasons for what was done to these: whom they are about is forgotten. */
export function forgetReasons(subjects: SQL): Query {
  return sql`UPDATE audit SET reason = NULL WHERE subject IN (${subjects}) AND reason IS NOT NULL`;
}

/** The same of what was done to things of a noun in these very words, which say to whom. */
export function forgetReasonsOf(noun: string, deeds: readonly string[]): Query {
  const said = sql.join(
    deeds.map((what) => sql`${what}`),
    sql`, `,
  );
  return sql`UPDATE audit SET reason = NULL WHERE ${nounOf} = ${noun} AND what IN (${said}) AND reason IS NOT NULL`;
}

/** What a fact of things of a noun said before it was changed, each time that it was. */
export function formerly({ db }: Pick<Context, "db">, noun: string, fact: string) {
  return db.all<{ readonly subject: string; readonly said: string }>(sql`
    SELECT subject, from_state AS said FROM audit
    WHERE ${nounOf} = ${noun} AND what = ${changed(fact)} AND from_state IS NOT NULL ORDER BY id`);
}

function changed(fact: string): string {
  return `changed ${fact}`;
}

/** The noun of an entry's subject, letter for letter as its index says it. */
export const nounOf = sql.raw("substr(subject, 1, instr(subject, '/') - 1)");

/** Entries of one history at most. */
export const historyLimit = 200;

/** The columns of an {@link AuditEntry}. */
export const entryColumns = sql.raw(`id, subject, what, from_state AS "from", to_state AS "to", actor, operator,
  (SELECT t.name FROM access_token t WHERE t.id = audit.token) AS token, actor_shop AS "actorShop", shop, reason, at`);

/**
 * What was done to a thing, newest first, at most {@link historyLimit} entries. Of what belongs to no shop, such as a
 * member, operators of a shop read what was done there.
 */
export function historyOf(ctx: Pick<Context, "db" | "actor">, subject: string): Promise<AuditEntry[]> {
  return ctx.db.all<AuditEntry>(sql`
    SELECT ${entryColumns} FROM audit WHERE subject = ${subject} AND ${inReach(ctx, sql`+shop`)}
    ORDER BY id DESC LIMIT ${historyLimit}`);
}
