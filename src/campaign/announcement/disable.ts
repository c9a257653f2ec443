import { type Context, withTransaction } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { type Promotion, setEnabled } from "../../promotion/promotion.ts";
import type { StopChoice, Stopped } from "../control/stop.ts";
import { stopAnnouncements } from "./announcements.ts";
import { giveUp, reviewOf } from "./review.ts";

/** A promotion that does not act any more, and how far its announcements had come. */
export interface Disabled {
  readonly promotion: Promotion;
  readonly stopped: readonly Stopped[];
}

export interface DisableInput {
  readonly id: number;
  /** STOP unless said. */
  readonly announcements?: StopChoice | undefined;
}

/**
 * Disables a promotion, and stops its announcements: those under way tell nobody more from the commit on, whatever is
 * still pending, and how many they told is answered; those that wait never begin. Kept, the former go on, and the
 * latter wait until it is enabled again. What waited for a second person is given up.
 */
export function disablePromotion(ctx: Context, { id, announcements = "STOP" }: DisableInput) {
  return withTransaction(ctx, async (tx) => {
    const promotion = await setEnabled(tx, { id, enabled: false });
    if (isRefusal(promotion)) return promotion;
    const because = "the promotion was disabled";
    await giveUp(tx, await reviewOf(tx, id), because);
    const stopped = announcements === "STOP" ? await stopAnnouncements(tx, id, { reason: because }) : [];
    return isRefusal(stopped) ? stopped : ({ promotion, stopped } satisfies Disabled);
  });
}
