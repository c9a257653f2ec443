import { type SQL, sql } from "drizzle-orm";
import type { Envelope } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import {
  envelopeFor,
  type Recipient,
  recipientColumns,
  renderParts,
  scopeFor,
  templatesOf,
} from "../content/render.ts";
import { frozenContent, frozenRun } from "../run/frozen.ts";
import { messageFacts } from "../run/message-facts.ts";
import type { HeldBatch } from "./batch.ts";

/** A frozen batch, ready to be sent. */
export interface Rendered {
  readonly envelopes: readonly Envelope[];
  readonly failed: readonly { readonly member: number; readonly reason: string }[];
}

/** Renders a frozen batch: an envelope for every member, or the reason why that member's message cannot be made. */
export async function renderBatch(ctx: Context, batch: HeldBatch): Promise<Rendered> {
  const { run, channel } = batch;
  const { name, action } = await messageFacts(ctx, run);
  const [members, content, { topic }] = await Promise.all([
    membersOf(ctx, batch, recipientColumns(channel, action.gives?.code(run))),
    frozenContent(ctx, run),
    frozenRun(ctx, run),
  ]);
  const templates = templatesOf(content, channel);
  const envelopes: Envelope[] = [];
  const failed: { member: number; reason: string }[] = [];
  for (const member of members) {
    if (member.deleted_at !== null) {
      failed.push({ member: member.seq, reason: "ERASED" }); // between the freeze and this moment
      continue;
    }
    try {
      const scope = scopeFor(ctx, member, { name, coupon: action.values(ctx, member) });
      envelopes.push(envelopeFor(ctx, { run, channel, topic }, member, renderParts(templates(member.locale), scope)));
    } catch (error) {
      ctx.log("warn", "template.failed", { run, channel, fault: faultName(error) });
      failed.push({ member: member.seq, reason: "TEMPLATE" });
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

/** The error's kind, without its text: that may quote a member's data. */
function faultName(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
