import { sql } from "drizzle-orm";
import { type Audience, compileAudience, liveMember } from "../audience/audience.ts";
import { type ChannelName, channelNames } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import type { HeavyRefusal } from "../db/heavy/heavy-reads.ts";
import { isRefusal } from "../errors.ts";
import { shopOf } from "../shop.ts";
import { anyTopic, reachable } from "./consent.ts";
import { drawOf } from "./sample-term.ts";
import { type Member, memberJson, memberOf } from "./table.ts";

/** How many members an audience has, whom for example, and how many of them each channel reaches. */
export interface AudienceEstimate {
  readonly count: number;
  /** At most ten of them, drawn at random but the same each time. */
  readonly sample: readonly Member[];
  /** Members of the audience, outside the control group, whom the channel may write to and has an address of. */
  readonly reach: readonly { readonly channel: ChannelName; readonly members: number }[];
}

/** Estimates an audience for messages about a topic, in one query beside. It reads every member who may be in it. */
export async function estimateAudience(
  ctx: Context,
  audience: Audience,
  topic: string = anyTopic,
): Promise<AudienceEstimate | HeavyRefusal> {
  const within = sql`${liveMember} AND ${compileAudience(audience, envOf(ctx))}`;
  const reached = channelNames.map((channel) => sql`total(m.control = 0 AND ${reachable(channel, topic)})`);
  const found = await ctx.heavy.first<{ count: number; reach: string; sample: string }>(sql`
    SELECT count(*) AS count, json_array(${sql.join(reached, sql`, `)}) AS reach, (
      SELECT json_group_array(member) FROM (
        SELECT ${memberJson} AS member FROM member m WHERE ${within} ORDER BY ${drawOf("estimate")} LIMIT 10)) AS sample
    FROM member m WHERE ${within}`);
  if (isRefusal(found)) return found;
  const reach: number[] = JSON.parse(found?.reach ?? "[]");
  const sample: string[] = JSON.parse(found?.sample ?? "[]");
  return {
    count: found?.count ?? 0,
    sample: sample.map((row) => memberOf(JSON.parse(row))),
    reach: channelNames.map((channel, i) => ({ channel, members: reach[i] ?? 0 })),
  };
}

/** How an audience's members are found when all of them are asked for. */
export interface AudiencePlan {
  /** Whether an index leads to them, so that not every member is read. */
  readonly usesIndex: boolean;
  /** In words, with what to do. */
  readonly message: string;
}

/**
 * Says whether an index serves the filter. It goes by what the terms say of themselves: an EXPLAIN that has run stays
 * open in libSQL until it is collected, and holds the connection at the state it saw.
 */
export function explainAudience({ condition: { indexed } }: Audience): AudiencePlan {
  return {
    usesIndex: indexed,
    message: indexed
      ? "An index leads to the members of this filter."
      : "No index serves this filter, so every member is read; " +
        "adding an `and` with a tag, a level or a date narrows it.",
  };
}

function envOf(ctx: Context) {
  return { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone, shop: shopOf(ctx), from: "index" } as const;
}
