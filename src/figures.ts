import type { SQL } from "drizzle-orm";

/** What a domain counts and sums up by shop: each by its name, in a sentence. Over all shops each is the whole. */
export interface FiguresByShop<Ctx> {
  readonly counts: Readonly<Record<string, string>>;
  readonly amounts?: Readonly<Record<string, string>>;
  /** Those of the shops that are wanted: of each a row, but for counts that are 0. */
  read(ctx: Ctx, isWanted: (shop: SQL) => SQL): Promise<readonly ShopFigure[]>;
}

export interface ShopFigure {
  /** Its number; empty: what belongs to the company itself, and to several. */
  readonly shop: string;
  readonly name: string;
  readonly value: number;
  /** Of an amount in minor units, ISO 4217. */
  readonly currency?: string | null;
}
