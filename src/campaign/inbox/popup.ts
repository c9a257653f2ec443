import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { rows } from "../../db/bulk.ts";
import { prepared } from "../../db/statement.ts";
import { refuse } from "../../errors.ts";
import { type RenderMember, readerColumns } from "../content/render.ts";
import { actingMember } from "./inbox.ts";
import { type RenderedMessage, renderedMessages, textsFor } from "./rendered-message.ts";

/** A popup, as the member sees it. */
export interface Popup extends RenderedMessage {
  /** Its run: one popup a run, so this names it for the member. */
  readonly run: number;
  readonly priority: number;
  /** Past this time (ms) it is not shown any more. */
  readonly expiresAt: number | null;
  readonly shownAt: number | null;
}

interface PopupRow {
  readonly run: number;
  readonly priority: number;
  readonly expires_at: number | null;
  readonly shown_at: number | null;
}

/**
 * What to show the acting member next, if anything: of the popups that were not shown, have not expired and are not of
 * a cancelled run, the one of the highest priority, then the newest. Asking shows nothing: claim it with {@link
 * showPopup} first.
 */
export async function nextPopup(ctx: Context): Promise<Popup | undefined> {
  const row = await ctx.db.first<PopupRow & RenderMember>(next({ member: actingMember(ctx), now: ctx.clock() }));
  if (!row) return undefined;
  return withText(row, await textsFor(ctx, { channel: "POPUP", member: row, runs: [row.run] }));
}

/** With the member, who reads it. */
const next = prepared<{ member: number; now: number }>(
  (it) => sql`
    SELECT p.run, p.priority, p.expires_at, p.shown_at, ${readerColumns()}
    FROM popup p CROSS JOIN run r ON r.id = p.run CROSS JOIN member m ON m.seq = p.member
    WHERE p.member = ${it.member} AND p.shown_at IS NULL AND (p.expires_at IS NULL OR p.expires_at > ${it.now})
      AND r.state NOT IN ('CANCELLING', 'CANCELLED')
    ORDER BY p.priority DESC, p.run DESC LIMIT 1`,
);

/**
 * Claims a popup for being shown: of all devices that ask, one is answered the popup and shows it. Everyone else, and
 * everyone later, is refused (WRONG_STATE); NOT_FOUND for what the member never had.
 */
export async function showPopup(ctx: Context, { run }: { run: number }) {
  const now = ctx.clock();
  const mine = sql`member = ${actingMember(ctx)} AND run = ${run}`;
  const [shown] = await ctx.db.write([
    sql`
      UPDATE popup SET shown_at = ${now}
      WHERE ${mine} AND shown_at IS NULL AND (expires_at IS NULL OR expires_at > ${now})`,
  ]);
  const row = await ctx.db.first<PopupRow>(sql`SELECT run, priority, expires_at, shown_at FROM popup WHERE ${mine}`);
  if (!row) return refuse.notFound("popup", run);
  if (shown?.rowsAffected === 1) return popupOf(ctx, row);
  return row.shown_at === null
    ? refuse.wrongState("It has expired: do not show it.", "EXPIRED")
    : refuse.wrongState("It was shown already, here or on another device: do not show it again.", "SHOWN");
}

/** The acting member's popups of these runs, in the order asked, with `undefined` for what is not there. */
export async function popupsByRun(ctx: Context, runs: readonly number[]): Promise<(Popup | undefined)[]> {
  const found = await ctx.db.all<PopupRow>(sql`
    SELECT run, priority, expires_at, shown_at FROM popup
    WHERE member = ${actingMember(ctx)} AND run IN (SELECT value FROM ${rows(runs)})`);
  const popups = await Promise.all(found.map((row) => popupOf(ctx, row)));
  return runs.map((run) => popups.find((popup) => popup.run === run));
}

async function popupOf(ctx: Context, row: PopupRow): Promise<Popup> {
  const member = actingMember(ctx);
  return withText(row, await renderedMessages(ctx, { channel: "POPUP", member, runs: [row.run] }));
}

function withText(row: PopupRow, texts: ReadonlyMap<number, RenderedMessage>): Popup {
  const { run, priority, expires_at, shown_at } = row;
  const text = texts.get(run);
  if (!text) throw new Error(`the member of popup ${run} is not there`);
  return { run, priority, expiresAt: expires_at, shownAt: shown_at, ...text };
}
