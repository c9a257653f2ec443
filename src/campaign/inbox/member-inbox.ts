import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRunInReach } from "../reach.ts";
import { type RenderedMessage, renderedMessages } from "./rendered-message.ts";

/** A message in a member's inbox, as whoever serves the member sees it: those that the member deleted are there. */
export interface ServedMessage {
  readonly member: number;
  /** Its run: one message a run. */
  readonly run: number;
  /** ms, as all times. */
  readonly at: number;
  readonly readAt: number | null;
  readonly deletedAt: number | null;
}

/**
 * A member's messages, those of the newest run first, as far as the actor may know of them; `after` is the run of the
 * last one on the page before.
 */
export function inboxOf(
  ctx: Context,
  { member, after, limit }: { member: number; after?: number | undefined; limit: number },
): Promise<ServedMessage[]> {
  return ctx.db.all<ServedMessage>(sql`
    SELECT member, run, at, read_at AS readAt, deleted_at AS deletedAt FROM inbox
    WHERE member = ${member} AND run < ${after ?? Number.MAX_SAFE_INTEGER} AND ${isRunInReach(ctx, sql`inbox.run`)}
    ORDER BY run DESC LIMIT ${limit}`);
}

/** What these messages say to their members now, in the order asked; undefined where nobody is left to read one. */
export async function textsOf(
  ctx: Context,
  messages: readonly Pick<ServedMessage, "member" | "run">[],
): Promise<(RenderedMessage | undefined)[]> {
  const byMember = Map.groupBy(messages, ({ member }) => member);
  const texts = new Map<number, ReadonlyMap<number, RenderedMessage>>();
  for (const [member, theirs] of byMember) {
    const runs = theirs.map(({ run }) => run);
    texts.set(member, await renderedMessages(ctx, { channel: "IN_APP", member, runs }));
  }
  return messages.map(({ member, run }) => texts.get(member)?.get(run));
}
