import type { HousePurpose } from "./house-words.ts";
import { claimableVariables, heldVariables, promotionVariables } from "./offer-variables.ts";
import type { Variables } from "./variables.ts";

/** What a text is written for. */
export type ContentPurpose = HousePurpose | "MESSAGE";

interface Purpose {
  /** Which texts these are, for operators. */
  readonly about: string;
  /** What they may say besides what every message may. */
  readonly variables: Variables;
}

/** Every purpose, and what its texts may say: what is listed, what is checked and what is rendered are one. */
export const contentPurposes = {
  MESSAGE: { about: "Any message of a campaign that announces something.", variables: {} },
  PROMOTION: { about: "The announcement of a promotion.", variables: promotionVariables },
  GIVEN: { about: "To those whom a campaign gave a coupon (COUPON_ISSUE).", variables: heldVariables },
  INVITED: { about: "To those who may claim a coupon (COUPON_INVITE).", variables: claimableVariables },
  DROP: { about: "A reminder that a coupon can be claimed soon.", variables: claimableVariables },
  EXPIRY: { about: "A reminder that the member's own coupon expires.", variables: heldVariables },
} as const satisfies Readonly<Record<ContentPurpose, Purpose>>;
