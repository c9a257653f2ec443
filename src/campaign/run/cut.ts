import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { campaignSettings } from "../settings.ts";

/** Members looked at by one query: bounds how long it holds the process, whatever the filter. */
export const stretch = 10_000;
/** How long queries may follow each other before others get their turn, in milliseconds. */
const turnMs = 20;

/** How far an audience is cut into pages. */
export interface Cut {
  readonly pages: readonly { readonly from: number; readonly to: number }[];
  readonly plannedTo: number;
  /** Where the page that is being filled began, and how many it holds so far. */
  readonly openFrom: number;
  readonly openMatches: number;
}

/** The members `m` whom pages are cut for, behind one `seq` and up to another: what follows FROM. */
export type Matches = (after: SQL | number, upTo: number) => SQL;

/** Cuts on up to a `seq`: at every so many matches a page ends. */
export async function cutStretch(ctx: Context, found: Matches, at: Cut, end: number): Promise<Cut> {
  const { pageSize } = campaignSettings.of(ctx);
  const ends = await ctx.db.all<{ seq: number }>(pageEnds(found, at, end, pageSize));
  const pages = ends.map(({ seq }, i) => ({ from: ends[i - 1]?.seq ?? at.openFrom, to: seq }));
  const openFrom = pages.at(-1)?.to ?? at.openFrom;
  const carried = pages.length > 0 ? 0 : at.openMatches;
  const tail = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM ${found(Math.max(openFrom, at.plannedTo), end)}`);
  return { pages: [...at.pages, ...pages], plannedTo: end, openFrom, openMatches: carried + (tail?.n ?? 0) };
}

/** The seq of every page's last match up to `end`. Each round walks one page further along the key. */
function pageEnds(found: Matches, at: Cut, end: number, pageSize: number): SQL {
  const nth = (after: SQL | number, offset: number) => sql`
    (SELECT m.seq FROM ${found(after, end)} ORDER BY m.seq LIMIT 1 OFFSET ${offset})`;
  return sql`
    WITH RECURSIVE cut (seq) AS (
      SELECT ${nth(at.plannedTo, pageSize - 1 - at.openMatches)}
      UNION ALL SELECT ${nth(sql.raw("cut.seq"), pageSize - 1)} FROM cut WHERE cut.seq IS NOT NULL)
    SELECT seq FROM cut WHERE seq IS NOT NULL`;
}

/** With the page that is not full, once there is nobody behind it. */
export function withRest({ pages, openFrom, openMatches }: Cut, last: number): Cut["pages"] {
  return openMatches > 0 ? [...pages, { from: openFrom, to: last }] : pages;
}

/** Lets whoever waits be answered in between, each time that queries have followed each other for a while. */
export function inTurns({ timers }: Context): () => Promise<void> {
  let since = timers.now();
  return async () => {
    if (timers.now() - since < turnMs) return;
    await new Promise<void>((resolve) => timers.soon(resolve));
    since = timers.now();
  };
}
