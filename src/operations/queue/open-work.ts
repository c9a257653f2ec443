import type { Context } from "../../context.ts";
import type { QueueMessage } from "./message.ts";
import { messagesOfRows } from "./message-search.ts";
import { newestAbout } from "./outbox.ts";

/**
 * The messages that a piece of work waits for, e.g. a run, oldest first, at most `limit`: the last one about each part
 * of it that is not finished, by what its domain says.
 */
export async function openMessages(
  ctx: Context,
  { of, id, limit }: { readonly of: string; readonly id: number; readonly limit: number },
): Promise<QueueMessage[]> {
  const openWork = ctx.domains.map((domain) => domain.openWork?.[of]).find((known) => known !== undefined);
  if (!openWork) throw new Error(`no domain knows open work of a ${of}`);
  const { unfinished, steps } = await openWork(ctx, id, limit);
  const rows = await newestAbout(ctx, [...new Set([...unfinished, ...steps])]);
  const messages = await messagesOfRows(
    ctx,
    rows.sort((one, other) => one.seq - other.seq),
  );
  const isOpen = ({ subject, state }: QueueMessage) => state !== "DELIVERED" || unfinished.includes(subject ?? "");
  return messages.filter(isOpen).slice(0, limit);
}
