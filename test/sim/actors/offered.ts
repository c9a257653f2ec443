/** A template that an operator put in offer, as far as the answers to operators say. */
export interface OfferedTemplate {
  readonly id: string;
  readonly stock: number | null;
  readonly perMember: number;
  readonly issueMode: "SELF_CLAIM" | "SYSTEM" | "CODE";
  readonly isPooled: boolean;
  readonly hasBudget: boolean;
  /** Pools of codes that were made for it. */
  readonly pools: string[];
  /** Somebody wanted to close it, or to take coupons back, whatever came of it. */
  mayBeOver: boolean;
}

export const offered = (): OfferedTemplate[] => [];

/** Codes that somebody was given to type in. */
export const codesKnown = (): string[] => [];
