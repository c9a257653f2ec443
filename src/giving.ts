import type { ResultSet } from "@libsql/client";
import type { SQL } from "drizzle-orm";
import type { Query } from "./db/statement.ts";

// What is said when a reward is promised, when it is given, to many or to one, and when it is taken back.

/** What somebody promises with a reward, to all who earn it. */
export interface Promised {
  /** Of the promise's amounts, ISO 4217: the reward's are of the same. */
  readonly currency: string;
  /** Until when it can be earned (ms); null: for ever. It can be given as long. */
  readonly until: number | null;
  /** Whether it can be earned from its start on; false while it is being written: then nothing must be in offer yet. */
  readonly isMade: boolean;
  /** The shop whose promise it is: it gives of its own alone. Empty, or nothing: the company's. */
  readonly shop?: string | undefined;
}

/** Whom a reward is given to together, and by whom: of one source a member gets one. */
export interface Recipients {
  /** E.g. `run/7`. */
  readonly source: string;
  /** A query of the column `member`, not longer than what is left. */
  readonly members: SQL;
}

/** One gift, by whoever gives it. */
export interface Gift {
  /** The member's `seq`. */
  readonly member: number;
  /** The giver's name for this one gift, 1–200 characters: repeating it gives nothing more. */
  readonly key: string;
}

/** Whom one is given to, and what for. */
export interface Recipient extends Gift {
  /** What it is given for, for people, e.g. `order/2026-1`. */
  readonly source?: string | undefined;
}

/** What became of something that was taken back. */
export type TakenBack =
  /** Nobody has it any more; it was not used. */
  | { readonly kind: "TAKEN_BACK" }
  /** It was used, and stays so. */
  | { readonly kind: "USED" }
  /** Its time was over before it was used. */
  | { readonly kind: "EXPIRED" }
  /** It was never given. */
  | { readonly kind: "GONE" }
  /** Its holder is just using it, until then (ms) at most: ask again. What comes of that is one of the others. */
  | { readonly kind: "HELD"; readonly until: number };

/**
 * The statements that give it, and who is told their results after the commit; nobody waits for that, and it does not
 * throw.
 */
export interface Issuing {
  readonly statements: readonly Query[];
  issued(results: readonly ResultSet[]): Promise<void>;
}
