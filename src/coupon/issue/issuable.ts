import type { CouponTemplate } from "../table.ts";

/** Why the shop cannot give a template's coupons to members, whatever is left of them; nothing when it can. */
export function unissuable({ issueMode, recurrence }: CouponTemplate): string | undefined {
  if (issueMode === "CODE") return "its coupons are given for codes only";
  return recurrence === null ? undefined : "it recurs; name one of its occurrences";
}
