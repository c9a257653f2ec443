import { desc, eq, type SQL, sql } from "drizzle-orm";
import { describeActor } from "../actor.ts";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { type Note, noteTable } from "./table.ts";

/** The statement that writes down who did what to an endpoint, where `guard` holds. */
export function noted(ctx: Context, webhook: number, note: string, guard: SQL = sql`1`): Query {
  return sql`
    INSERT INTO webhook_note (webhook, note, actor, at)
    SELECT ${webhook}, ${note}, ${describeActor(ctx.actor)}, ${ctx.clock()} WHERE ${guard}`;
}

/** What was done to an endpoint, the newest first, at most 50 things. */
export function notesOf(ctx: Context, webhook: number): Promise<Note[]> {
  return ctx.db.orm
    .select()
    .from(noteTable)
    .where(eq(noteTable.webhook, webhook))
    .orderBy(desc(noteTable.id))
    .limit(50);
}
