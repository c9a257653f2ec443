import { z } from "zod";
import { channelNames } from "../channels/catalog.ts";
import { defineMessage } from "../queue/message.ts";

const RunId = z.int().positive();

/** A run is due: freeze it and begin. */
export const campaignStart = defineMessage("campaign-start", z.object({ run: RunId }), ({ run }) => `start/${run}`);

/** Cut the next stretch of a run's audience into pages, beginning after the member `from`. */
export const campaignPlan = defineMessage(
  "campaign-plan",
  z.object({ run: RunId, from: z.int().nonnegative() }),
  ({ run, from }) => `plan/${run}/${from}`,
);

/** Write one page of a run's ledger. */
export const campaignPage = defineMessage(
  "campaign-page",
  z.object({ run: RunId, page: z.int().nonnegative() }),
  ({ run, page }) => `page/${run}/${page}`,
);

/** Send one batch of a run to its channel's provider. */
export const channelSend = defineMessage(
  "channel-send",
  z.object({ batch: z.int().positive() }),
  ({ batch }) => `batch/${batch}`,
);

/** Sends of a run that were put off are due again. */
export const campaignWake = defineMessage(
  "campaign-wake",
  z.object({ run: RunId, at: z.int().nonnegative() }),
  ({ run, at }) => `wake/${run}/${at}`,
);

/** Mark the next stretch of a cancelled run's open sends as cancelled. */
export const campaignCancel = defineMessage("campaign-cancel", z.object({ run: RunId }), ({ run }) => `cancel/${run}`);

/** Send a campaign's content to one member, outside any run. `id` names the test to the provider. */
export const campaignTest = defineMessage(
  "campaign-test",
  z.object({ id: z.uuid(), campaign: z.int().positive(), member: z.int().positive(), channel: z.enum(channelNames) }),
  ({ id }) => `test/${id}`,
);

/** Remind members of drops that open and of coupons that expire, where the time has come. Comes every minute. */
export const couponNotice = defineMessage("coupon-notice", z.object({}), () => "coupon-notice");
