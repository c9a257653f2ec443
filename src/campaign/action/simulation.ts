/** What a launch would give, were it now. */
export interface RewardSimulation {
  /** Members who may have one: they would be given it, or could claim it if they are reached. */
  readonly members: number;
  /** What they would have, or could at most: stock and budget allow no more. */
  readonly coupons: number;
  /** What could still be given; null = unlimited. */
  readonly left: number | null;
  /** What it can cost at most, in minor units of `currency`; null where only carts bound it. */
  readonly cost: number | null;
  readonly currency: string;
  /** Why the others would have none. */
  readonly skipped: readonly { readonly reason: string; readonly n: number }[];
}
