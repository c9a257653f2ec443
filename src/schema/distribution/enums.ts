import { type Cause, causes, distributionStates, type Outcome, outcomes } from "../../distribution/table.ts";
import { enumOf } from "../kit/enum.ts";

const stateWords: Readonly<Record<(typeof distributionStates)[number], string>> = {
  UPLOADED: "Its file is there and waits to be read.",
  VALIDATING: "Its file is read, and what will become of each row is predicted; nothing is issued.",
  READY: "All rows are checked: `startDistribution` issues.",
  RUNNING: "Coupons are issued.",
  PAUSED: "Nothing is issued until it is resumed; what was issued stays so.",
  COMPLETED: "Every row ended with its outcome.",
  FAILED: "Its file cannot be read, or not to its end: nothing was issued. `fault` says why, and where.",
  CANCELLED: "Ended before its time; nothing more is issued.",
};

export const DistributionStateEnum = enumOf(
  "DistributionState",
  "Where a distribution is in its life.",
  distributionStates,
  (state) => stateWords[state],
);

const outcomeWords: Readonly<Record<Outcome, string>> = {
  INVALID: "The row cannot be read, or names nobody.",
  UNKNOWN_MEMBER: "There is no such member.",
  DUPLICATE: "A row before it names the same member.",
  ALREADY_HELD:
    "The member had as many of these coupons as one may have, or got one by another file of its chain of follow-ups.",
  NOT_ELIGIBLE: "The coupon is not for this member, or is given no more.",
  OUT_OF_STOCK: "Stock or budget ran out before the row.",
  ISSUED: "The member got a coupon.",
};

export const OutcomeEnum = enumOf(
  "DistributionOutcome",
  "What becomes of a row, in the order in which it is decided: of several that could be said the first is true.",
  outcomes,
  (outcome) => outcomeWords[outcome],
);

const causeWords: Readonly<Record<Cause, string>> = {
  UNREADABLE: "INVALID: the row is no row, or a cell cannot be read.",
  NOBODY_NAMED: "INVALID: no cell names a member.",
  SEVERAL_MEMBERS: "INVALID: several members have this address or number.",
  NOT_WRITTEN: "INVALID: the database refused this very row.",
  ISSUED_BEFORE: "ALREADY_HELD: the member got one by another distribution of its chain of follow-ups.",
  LIMIT_REACHED: "ALREADY_HELD: the member had as many as the template gives one member.",
  FOR_OTHERS: "NOT_ELIGIBLE: the template's audience does not select the member.",
  ENDED: "NOT_ELIGIBLE: nothing of the template is given any more.",
  SOLD_OUT: "OUT_OF_STOCK: the stock ran out.",
  BUDGET_SPENT: "OUT_OF_STOCK: the budget is spent.",
};

export const CauseEnum = enumOf(
  "DistributionCause",
  "Why it was that outcome, where it has several causes.",
  causes,
  (cause) => causeWords[cause],
);
