import { runCancelled, runCompleted, runFailed } from "../campaign/events.ts";
import { couponDrift, couponSoldOut } from "../coupon/events.ts";
import { memberUnsubscribed } from "../member/events.ts";

/** What the shop can be told of: every event that has a meaning outside, and what it says. A new one goes to the end. */
export const webhookEvents = [
  { event: runCompleted, description: "A run ended with nothing left to do; its sums are final." },
  { event: runFailed, description: "A run ended with work that could not be done; replaying that ends it again." },
  { event: runCancelled, description: "A run was ended by an operator." },
  { event: memberUnsubscribed, description: "A member does not want to be written to any more." },
  { event: couponSoldOut, description: "Nothing is left of a coupon template's stock or budget." },
  {
    event: couponDrift,
    description: "The gate before a coupon template keeps being off by much; it was mended each time.",
  },
] as const;

/** Their types. */
export const webhookTypes: readonly string[] = webhookEvents.map(({ event }) => event.type);

/** The type of what `testWebhook` sends. */
export const testType = "webhook.test";
