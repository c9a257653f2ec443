import { sql } from "drizzle-orm";
import { z } from "zod";
import { everyone } from "../audience/audience.ts";
import type { Context } from "../context.ts";
import { type Issue, isRefusal, issuesOf, refuse } from "../errors.ts";
import { isOwn } from "../shop.ts";
import { versionOf } from "../transition/revision.ts";

/** Whom something is for: everyone, a filter, or a saved segment as it will be when it is asked for. */
export const AudienceChoice = z.union(
  [
    z.strictObject({ everyone: z.literal(true) }),
    z.strictObject({ filter: z.unknown() }),
    z.strictObject({ segment: z.int().positive() }),
  ],
  "one of: everyone (true), a filter, a segment",
);
export type AudienceChoice = z.infer<typeof AudienceChoice>;

/**
 * A choice, of what belongs to a shop (or, empty, to the company), without a segment: its filter is copied as it is
 * now, so that no edit of the segment changes it any more. With the segment's version, 0 where there is none. Another
 * shop's segment is none.
 */
export async function resolveChoice(ctx: Context, choice: AudienceChoice, shop: string) {
  if (!("segment" in choice)) return { choice, version: 0 };
  const found = await ctx.db.first<{ filter: string; version: number }>(sql`
    SELECT filter, ${versionOf(sql`'segment/' || segment.id`)} AS version FROM segment
    WHERE id = ${choice.segment} AND ${isOwn(shop, sql`segment.shop`)}`);
  if (!found) return refuse.notFound("segment", choice.segment);
  return { choice: { filter: JSON.parse(found.filter) }, version: found.version };
}

/** The audience that a choice of what belongs to a shop stands for now, or what is wrong with it. */
export async function readAudience(ctx: Context, choice: AudienceChoice, shop: string) {
  if ("everyone" in choice) return everyone;
  if ("filter" in choice) return ctx.audience.parse(choice.filter);
  const resolved = await resolveChoice(ctx, choice, shop);
  if (isRefusal(resolved)) return resolved;
  return "filter" in resolved.choice ? ctx.audience.parse(resolved.choice.filter) : everyone;
}

/** What is wrong with a choice, by its place in whatever it is the audience of. */
export async function audienceIssues(ctx: Context, choice: AudienceChoice, shop: string): Promise<Issue[]> {
  const read = await readAudience(ctx, choice, shop);
  if (!isRefusal(read)) return [];
  if (read.code !== "INVALID_INPUT") return [{ path: "audience", message: read.message }];
  return issuesOf(read).map(({ path, message }) => ({
    path: ["audience.filter", path].filter(Boolean).join("."),
    message,
  }));
}
