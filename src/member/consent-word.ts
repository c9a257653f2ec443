import { sql } from "drizzle-orm";
import type { ChannelName } from "../channels/catalog.ts";
import type { Arriving } from "./member-rows.ts";

/**
 * A member's consent is the sum of words. Those with a time – her own, by app, link or STOP; an operator's; an item's
 * with `at` – are `said`: the later counts. Those without one come in lists and say how the shop has it: `listed`. A
 * list's yes never undoes a no that was said; its no counts from when the list began to say so, and repeating it is no
 * news. The table works out from both what is granted, so that the order in which words arrive changes nothing.
 */
export interface Word {
  readonly channel: ChannelName;
  readonly topic: string;
  readonly granted: boolean;
  /** When it was said (ms); a word without a time came in a list. */
  readonly at?: number | undefined;
}

/** Ends an INSERT of what is said at this moment: it counts, even where another clock is ahead. */
export const saidNow = sql`ON CONFLICT (member, channel, topic) DO UPDATE
  SET said = excluded.said, said_by = excluded.said_by, said_at = max(excluded.said_at, coalesce(said_at, 0))`;

/** Ends an INSERT of what was said at some time: the later word counts, of one moment the no. */
export const unlessOlder = sql`ON CONFLICT (member, channel, topic) DO UPDATE
  SET said = excluded.said, said_by = excluded.said_by, said_at = excluded.said_at
  WHERE said_at IS NULL OR (excluded.said_at, -excluded.said) > (said_at, -said)`;

/** Ends an INSERT of what a list says. */
export const unlessListed = sql`ON CONFLICT (member, channel, topic) DO UPDATE
  SET listed = excluded.listed, listed_by = excluded.listed_by, listed_at = excluded.listed_at
  WHERE listed IS NOT excluded.listed`;

/** Items with only those of their words that have a time, or have none; nobody speaks of what has not happened yet. */
export function wordsOf(items: readonly Arriving[], kind: "said" | "listed", now: number) {
  return items.flatMap(({ externalId, seq, consent = [] }) => {
    const words = consent.flatMap(({ channel, topic, granted, at }): Word[] =>
      (at === undefined) === (kind === "listed") ? [{ channel, topic, granted, at: Math.min(at ?? now, now) }] : [],
    );
    return words.length > 0 ? [{ externalId, seq, consent: words }] : [];
  });
}
