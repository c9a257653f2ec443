import { type SQL, sql } from "drizzle-orm";
import type { ExternalChannelName } from "../../channels/catalog.ts";
import type { Envelope } from "../../channels/channel.ts";
import type { Context } from "../../context.ts";
import { envelopeFor } from "../content/envelope.ts";
import { type Recipient, recipientColumns, scopeFor } from "../content/render.ts";
import { type Budget, batchBudget, giveWay } from "../content/render-budget.ts";
import { renderParts, type Templates } from "../content/rendition.ts";
import type { TemplateScope } from "../content/template.ts";
import { frozenRun, runTemplates } from "../run/frozen.ts";
import { messageFacts } from "../run/message-facts.ts";
import type { HeldBatch } from "./batch.ts";

/** A frozen batch, ready to be sent. */
export interface Rendered {
  readonly envelopes: readonly Envelope[];
  readonly failed: readonly { readonly member: number; readonly reason: string }[];
  /** Members whom there was no time or room for: another batch has them. */
  readonly left: readonly number[];
}

/**
 * How long a batch is rendered, in milliseconds of waiting, as the decision about its members must be fresh when the
 * provider is called; and how many characters it has then, as whoever writes or sends them does so at one go. At least
 * one member's message is made, so that there is always less to do.
 */
const most = { ms: 800, characters: 2_000_000 } as const;

/**
 * Renders a frozen batch: an envelope for every member, or the reason why that member's message cannot be made. Others
 * have their turn between members and within a message. A message whose template does more than one may fails alone.
 */
export async function renderBatch(ctx: Context, batch: HeldBatch): Promise<Rendered> {
  const { run, channel } = batch;
  const { name, action } = await messageFacts(ctx, run);
  const [members, templates, { topic, transactional }] = await Promise.all([
    membersOf(ctx, batch, recipientColumns(channel, action.own(run))),
    runTemplates(ctx, run, channel),
    frozenRun(ctx, run),
  ]);
  const made: Made[] = [];
  const end = ctx.timers.now() + most.ms;
  let characters = 0;
  const budget = batchBudget();
  for (const member of members) {
    if (ctx.timers.now() > end && made.length > 0) break;
    const scope = scopeFor(ctx, member, { name, offer: action.values(ctx, member, run), of: { run, channel, topic } });
    const of = { run, channel, topic, transactional };
    const message = await messageTo(ctx, member, { of, templates, scope, budget });
    made.push(message);
    characters += "envelope" in message ? lengthOf(message.envelope) : 0;
    if (characters > most.characters) break;
    await giveWay(ctx);
  }
  return {
    envelopes: made.flatMap((each) => ("envelope" in each ? [each.envelope] : [])),
    failed: made.flatMap((each) => ("reason" in each ? [each] : [])),
    left: members.slice(made.length).map(({ seq }) => seq),
  };
}

function lengthOf({ parts }: Envelope): number {
  return Object.values(parts).reduce((sum, text) => sum + text.length, 0);
}

type Made = { readonly envelope: Envelope } | { readonly member: number; readonly reason: string };

interface Message {
  readonly of: {
    readonly run: number;
    readonly channel: ExternalChannelName;
    readonly topic: string;
    readonly transactional: boolean;
  };
  readonly templates: Templates;
  readonly scope: TemplateScope;
  readonly budget: Budget;
}

async function messageTo(ctx: Context, member: Recipient, message: Message): Promise<Made> {
  const { of, templates, scope, budget } = message;
  const { run, channel, transactional } = of;
  if (member.deleted_at !== null) return { member: member.seq, reason: "ERASED" }; // between the freeze and this moment
  const to = { ...member, transactional };
  const { parts, faults } = await renderParts(ctx, templates(member.locale), { channel, scope, budget, to });
  const [fault] = faults;
  if (!fault) return { envelope: envelopeFor(ctx, of, member, parts) };
  const { reason, part, place } = fault;
  ctx.log("warn", "template.failed", { run, channel, reason, place: `${part}${place}` });
  return { member: member.seq, reason };
}

/** The members of a batch, with what their messages need; used once, right after the freeze. */
function membersOf(ctx: Context, batch: HeldBatch, columns: SQL): Promise<Recipient[]> {
  return ctx.db.all<Recipient>(sql`
    SELECT ${columns} FROM send s JOIN member m ON m.seq = s.member
    WHERE s.batch = ${batch.seq} AND s.state = 'SENDING' ORDER BY s.member`);
}
