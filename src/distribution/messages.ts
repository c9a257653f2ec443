import { z } from "zod";
import { defineMessage } from "../queue/message.ts";

const distribution = z.int().positive();
const row = z.int().nonnegative();

/** The flow of one distribution: its batches come one after the other, and each distribution has its own turn. */
export function flowOf(id: number): string {
  return `distributions.${id}`;
}

/** Read the rows of the file behind the first `from`, and predict what becomes of each. */
export const distributionRead = defineMessage(
  "distribution-read",
  z.object({ distribution, from: row }),
  ({ distribution, from }) => `distribution/${distribution}/read/${from}`,
);

/** Give the members of a batch of rows their coupons. */
export const distributionBatch = defineMessage(
  "distribution-batch",
  z.object({ distribution, batch: row }),
  ({ distribution, batch }) => `distribution/${distribution}/batch/${batch}`,
);

/** Tell those who got one. */
export const distributionNotice = defineMessage(
  "distribution-notice",
  z.object({ distribution }),
  ({ distribution }) => `distribution/${distribution}/notice`,
);

/** Take back what nobody has used, of the rows behind `from`. */
export const distributionWithdraw = defineMessage(
  "distribution-withdraw",
  z.object({ distribution, from: row }),
  ({ distribution, from }) => `distribution/${distribution}/withdraw/${from}`,
);
