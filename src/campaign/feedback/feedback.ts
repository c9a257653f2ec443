import type { ExternalChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { noteOnce } from "../../idempotency.ts";
import { canonicalAddress } from "../../member/address.ts";
import { addressKey } from "../../member/address-no.ts";
import { wishStatements } from "../../member/opt-out.ts";
import { suppressing } from "../../member/set-consent.ts";
import { advanceSend, type ProgressReport, type SendKey } from "../ledger/progress.ts";

/** The send that a provider's `run:member` stands for. */
export function sendKeyOf(ref: string | undefined, channel: ExternalChannelName): SendKey | undefined {
  const [, run, member] = /^(\d{1,15}):(\d{1,15})$/.exec(ref ?? "") ?? [];
  return run && member ? { run: Number(run), channel, member: Number(member) } : undefined;
}

/**
 * Moves a send forward to what was told of it, never back. A report about a send that the ledger does not have, or has
 * under another provider id, changes nothing.
 */
export async function recordProgress(ctx: Context, report: ProgressReport): Promise<void> {
  await ctx.db.write(advanceSend(report, ctx.clock()));
}

/** Names what a provider has told, so that its redelivery has no second effect. */
export interface CallbackId {
  readonly provider: string;
  readonly id: string;
}

/**
 * Suppresses an address for a hard bounce or a complaint, together with the report about the send. Once per id: when an
 * operator has lifted the suppression since, a redelivery does not bring it back.
 */
export async function recordDeadAddress(
  ctx: Context,
  input: {
    readonly id: CallbackId;
    readonly channel: ExternalChannelName;
    readonly address: string;
    readonly reason: "hard-bounce" | "complaint";
    readonly report: ProgressReport | undefined;
  },
): Promise<void> {
  const now = ctx.clock();
  const { id, channel, address, reason, report } = input;
  const { note, isFirst } = firstTime(ctx, id);
  await ctx.db.write([
    note,
    suppressing([{ channel, address, reason }], now, isFirst),
    ...(report ? advanceSend(report, now) : []),
  ]);
}

/**
 * Honours a member's STOP or START on a channel of phone numbers. Once per id: an old STOP does not undo a later START.
 */
export async function recordWish(
  ctx: Context,
  input: {
    readonly id: CallbackId;
    readonly channel: ExternalChannelName;
    readonly wish: "stop" | "start";
    readonly phone: string;
  },
): Promise<void> {
  const now = ctx.clock();
  const { note, isFirst } = firstTime(ctx, input.id);
  const key = addressKey(ctx, canonicalAddress(input.channel, input.phone));
  await ctx.db.write([note, ...wishStatements({ ...input, now, guard: isFirst, key })]);
}

function firstTime(ctx: Context, { provider, id }: CallbackId) {
  return noteOnce(ctx, { caller: `webhook/${provider}`, key: id });
}
