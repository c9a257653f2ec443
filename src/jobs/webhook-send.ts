import { postSigned } from "../channels/signed-post.ts";
import { beginAttempt, recordAttempt } from "../webhook/attempt.ts";
import { webhookSend } from "../webhook/messages.ts";
import { parkDelivery } from "../webhook/parking.ts";
import { defineJob, done } from "./job.ts";

/** One attempt to tell an endpoint of an event. Its next one is a message of its own, so this one is done whatever came of it. */
export const webhookSendJob = defineJob(
  webhookSend,
  async (ctx, { delivery }) => {
    const attempt = await beginAttempt(ctx, { delivery });
    if (!attempt) return done;
    const answer = await postSigned({ ...attempt, at: ctx.clock() });
    await recordAttempt(ctx, attempt, answer);
    return done;
  },
  { park: parkDelivery },
);
