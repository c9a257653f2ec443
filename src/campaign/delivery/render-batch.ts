import { type SQL, sql } from "drizzle-orm";
import type { Envelope } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import { envelopeFor } from "../content/envelope.ts";
import { type Recipient, recipientColumns, scopeFor } from "../content/render.ts";
import { batchBudget } from "../content/render-budget.ts";
import { renderParts } from "../content/rendition.ts";
import { frozenRun, runTemplates } from "../run/frozen.ts";
import { messageFacts } from "../run/message-facts.ts";
import type { HeldBatch } from "./batch.ts";

/** A frozen batch, ready to be sent. */
export interface Rendered {
  readonly envelopes: readonly Envelope[];
  readonly failed: readonly { readonly member: number; readonly reason: string }[];
}

/**
 * Renders a frozen batch: an envelope for every member, or the reason why that member's message cannot be made. Others
 * have their turn between members and within a message. A template that takes more than a message may fails that
 * message; once the batch has spent what it may, so do those that are left.
 */
export async function renderBatch(ctx: Context, batch: HeldBatch): Promise<Rendered> {
  const { run, channel } = batch;
  const { name, action } = await messageFacts(ctx, run);
  const [members, templates, { topic }] = await Promise.all([
    membersOf(ctx, batch, recipientColumns(channel, action.gives?.code(run))),
    runTemplates(ctx, run, channel),
    frozenRun(ctx, run),
  ]);
  const of = { run, channel, topic };
  const budget = batchBudget();
  const envelopes: Envelope[] = [];
  const failed: { member: number; reason: string }[] = [];
  for (const member of members) {
    if (member.deleted_at !== null) {
      failed.push({ member: member.seq, reason: "ERASED" }); // between the freeze and this moment
      continue;
    }
    const scope = scopeFor(ctx, member, { name, coupon: action.values(ctx, member), of });
    const { parts, faults } = await renderParts(ctx, templates(member.locale), { channel, scope, budget });
    const [fault] = faults;
    if (!fault) envelopes.push(envelopeFor(ctx, of, member, parts));
    else {
      const { reason, part, place } = fault;
      ctx.log("warn", "template.failed", { run, channel, reason, place: `${part}${place}` });
      failed.push({ member: member.seq, reason });
    }
  }
  return { envelopes, failed };
}

/** The members of a batch, with what their messages need; used once, right after the freeze. */
function membersOf(ctx: Context, batch: HeldBatch, columns: SQL): Promise<Recipient[]> {
  return ctx.db.all<Recipient>(sql`
    SELECT ${columns} FROM send s JOIN member m ON m.seq = s.member
    WHERE s.batch = ${batch.seq} AND s.state = 'SENDING' ORDER BY s.member`);
}
