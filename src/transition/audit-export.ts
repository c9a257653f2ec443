import { stringify } from "csv-stringify/sync";
import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { shopOf } from "../shop.ts";
import { type AuditEntry, auditDeed, subjectOf } from "./audit.ts";
import { type AuditFilter, listAudit } from "./audit-list.ts";

/** Entries that are read at once. */
const pageSize = 1_000;

const columns = [
  "id",
  "at",
  "subject",
  "what",
  "from",
  "to",
  "actor",
  "token",
  "actorShop",
  "shop",
  "reason",
] as const satisfies readonly (keyof AuditEntry)[];

/** What parts of a filter are called outside. */
const words: Readonly<Record<string, string>> = { noun: "kind" };

/**
 * The entries that a filter means and that are there now, newest first, as CSV: text by text, a bounded number of
 * entries in memory. Who took them out is written down before the first one is told.
 */
export async function exportAudit(ctx: Context, filter: AuditFilter): Promise<AsyncIterable<string>> {
  const newest = await ctx.db.first<{ id: number }>(sql`SELECT coalesce(max(id), 0) AS id FROM audit`);
  const which = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [words[name] ?? name]));
  const what = which.length === 0 ? "took all of it out" : `took some of it out, by ${which.toSorted().join(", ")}`;
  await ctx.db.write([auditDeed(ctx, subjectOf("audit", shopOf(ctx) || "all"), what)]);
  return csvOf(ctx, filter, (newest?.id ?? 0) + 1);
}

async function* csvOf(ctx: Context, filter: AuditFilter, before: number): AsyncGenerator<string> {
  yield stringify([columns]);
  for (let after: number | undefined = before; after !== undefined; ) {
    const { rows, goOn }: Awaited<ReturnType<typeof listAudit>> = await listAudit(ctx, filter, {
      after,
      limit: pageSize,
    });
    if (rows.length > 0) yield stringify(rows.map(cellsOf), { escape_formulas: true });
    after = rows.length === pageSize ? rows.at(-1)?.id : goOn;
  }
}

function cellsOf(entry: AuditEntry) {
  return columns.map((name) => (name === "at" ? new Date(entry.at).toISOString() : entry[name]));
}
