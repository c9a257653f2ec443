/** The tables that lifecycle pushes own. */
export const tables = ["lifecycle_policy", "lifecycle_look", "lifecycle_mark"] as const;

/** What a day of a member's own is about. */
export const lifecycleKinds = ["BIRTHDAY", "MEMBERSHIP_ENDS", "COUPON_EXPIRES", "INACTIVE", "REGISTERED"] as const;
export type LifecycleKind = (typeof lifecycleKinds)[number];
