import { type SQL, sql } from "drizzle-orm";
import { describeActor, identityOf } from "../actor.ts";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";

/** A version of a thing: who wrote it, and what changed in it. */
export interface Revision {
  /** From 1. */
  readonly version: number;
  /** In words; see `describeActor`. */
  readonly actor: string;
  /** What changed, by the names of its fields; `created` for the first. */
  readonly fields: readonly string[];
}

/**
 * The statement that writes down a new version of a thing and who wrote it, where `guard` holds; it belongs into the
 * transaction of the change. Subjects are those of the audit.
 */
export function revise(ctx: Context, subject: string, fields: readonly string[], guard: SQL = sql`1`): Query {
  const { actor } = ctx;
  return sql`
    INSERT INTO revision (subject, version, author, actor, fields, at)
    SELECT ${subject}, ${versionOf(sql`${subject}`)} + 1, ${identityOf(actor)}, ${describeActor(actor)},
      ${JSON.stringify(fields)}, ${ctx.clock()} WHERE ${guard}`;
}

/** The version of a subject as an SQL expression; 0 where nothing was written down. */
export function versionOf(subject: SQL): SQL {
  return sql`coalesce((SELECT max(version) FROM revision WHERE revision.subject = ${subject}), 0)`;
}

/** The version of each of these subjects, in their order. */
export async function versionsOf({ db }: Pick<Context, "db">, subjects: readonly string[]): Promise<number[]> {
  const found = await db.all<{ subject: string; version: number }>(sql`
    SELECT subject, max(version) AS version FROM revision
    WHERE subject IN (SELECT value FROM json_each(${JSON.stringify(subjects)})) GROUP BY subject`);
  const versions = new Map(found.map(({ subject, version }) => [subject, version]));
  return subjects.map((subject) => versions.get(subject) ?? 0);
}

/** The versions of a thing that came after one, oldest first. */
export async function revisionsAfter(ctx: Context, subject: string, version: number): Promise<Revision[]> {
  const found = await ctx.db.all<Omit<Revision, "fields"> & { fields: string }>(sql`
    SELECT version, actor, fields FROM revision WHERE subject = ${subject} AND version > ${version} ORDER BY version`);
  return found.map((row) => ({ ...row, fields: JSON.parse(row.fields) }));
}

/**
 * Whether the actor wrote any version of any of these things: then somebody else has to approve of them. Persons are
 * compared, whichever of their tokens they come with.
 */
export async function wroteAny({ db, actor }: Context, subjects: readonly string[]): Promise<boolean> {
  const found = await db.first(sql`
    SELECT 1 FROM revision
    WHERE subject IN (SELECT value FROM json_each(${JSON.stringify(subjects)})) AND author = ${identityOf(actor)}
    LIMIT 1`);
  return found !== undefined;
}
