/** What a second person approved of a template. */
export interface TemplateApproval {
  /** Of a draft, the version that was read: an edit takes the approval away. */
  readonly version: number;
  /** Up to so many coupons, and minor units; null = any number. */
  readonly coupons: number | null;
  readonly cost: number | null;
  /** Where its claim links may lead. */
  readonly activeUrl: string | null;
  /** Whom the approver is compared by, and the same in words. */
  readonly author: string;
  readonly actor: string;
  /** Milliseconds. */
  readonly at: number;
}
