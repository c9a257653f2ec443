import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";

/** A mail as it left for one member. */
export interface ReadMail {
  /** BCP 47, the reader's. */
  readonly locale: string;
  readonly subject: string;
  readonly text: string;
}

/** The mail that the first member of each language was sent, where there is one. */
export async function mailsIn(ctx: Context, locales: readonly string[]): Promise<ReadMail[]> {
  const found = await Promise.all(locales.map((locale) => mailIn(ctx, locale)));
  return found.flatMap((mail) => mail ?? []);
}

async function mailIn(ctx: Context, locale: string): Promise<ReadMail | undefined> {
  const rows = await ctx.db.all<{ email: string }>(
    sql`SELECT email FROM member WHERE locale = ${locale} AND email IS NOT NULL ORDER BY seq LIMIT 50`,
  );
  for (const { email } of rows) {
    const [sent] = ctx.sandbox.list({ channel: "EMAIL", to: email, first: 1 }).deliveries;
    if (sent) return { locale, subject: sent.parts.subject ?? "", text: sent.parts.text ?? "" };
  }
  return undefined;
}
