/** What somebody promises with a reward, to all who earn it. */
export interface Promised {
  /** Of the promise's amounts, ISO 4217: the reward's are of the same. */
  readonly currency: string;
  /** Until when it can be earned (ms); null: for ever. It can be given as long. */
  readonly until: number | null;
  /** Whether it can be earned from its start on; false while it is being written: then nothing must be in offer yet. */
  readonly isMade: boolean;
}
