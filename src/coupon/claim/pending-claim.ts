/** One claim that the database is to decide. */
export interface PendingClaim {
  readonly template: number;
  readonly member: number;
  readonly token: string;
  /** CLAIM, CODE or ISSUE. */
  readonly source: "CLAIM" | "CODE" | "ISSUE";
  readonly code: string | null;
  /**
   * Whether its template's codes come from pools: then it takes the lowest free one, or marks the one that was typed.
   */
  readonly isPooled: boolean;
  /** When it was asked for, ms. */
  readonly at: number;
  /** When the day ends until which its template's coupons are good, ms; null where these do not end with a day. */
  readonly dayEnd: number | null;
}
