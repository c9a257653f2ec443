/** One claim that the database is to decide. */
export interface PendingClaim {
  readonly template: number;
  readonly member: number;
  readonly token: string;
  /** CLAIM, CODE, or what the shop gives it for, e.g. `order/2026-1`. */
  readonly source: string;
  readonly code: string | null;
  /**
   * Whether its template's codes come from pools: then it takes the lowest free one, or marks the one that was typed.
   */
  readonly isPooled: boolean;
  /** When it was asked for, ms. */
  readonly at: number;
  /** When the day ends until which its template's coupons are good, ms; null where these do not end with a day. */
  readonly dayEnd: number | null;
  /** The run by whose link it is claimed. */
  readonly invitedBy?: number | undefined;
  /** What is otherwise than its template has it; the shop alone can say so. */
  readonly gift?: Gift | undefined;
}

/** What the shop says of coupons that it gives to one member. */
export interface Gift {
  /** How many are given together: all or none. */
  readonly of: number;
  /** The same as it was asked for, to tell it from something else under its key; null where nothing is. */
  readonly asked: string | null;
  /** From when until when they are good, ms, `to` null = for ever; as their template has it where it is not said. */
  readonly valid: { readonly from: number; readonly to: number | null } | undefined;
}
