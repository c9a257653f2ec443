import { campaignTest } from "../campaign/messages.ts";
import { testEnvelope } from "../campaign/rehearsal/test-send.ts";
import { isExternal } from "../channels/catalog.ts";
import { defineJob, done, reject, retryAfter } from "./job.ts";

/**
 * Sends one test. Its id is the provider's idempotency key; where the provider knows none, a redelivery may send it
 * again.
 */
export const campaignTestJob = defineJob(campaignTest, async (ctx, { id, campaign, member, channel }) => {
  if (!isExternal(channel)) return reject(`${channel} sends nothing out`);
  const envelope = await testEnvelope(ctx, { campaign, member, channel });
  if (!envelope) return done;
  const outcome = await ctx.senders[channel].send({ id, envelopes: [envelope] });
  return outcome.kind === "retry" ? retryAfter(outcome.afterSeconds ?? 15) : done;
});
