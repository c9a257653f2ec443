import { isUnionType } from "graphql";
import { domains } from "../../src/domains.ts";
import { buildSchemas } from "../../src/schema/server/schemas.ts";

/** What the refusals tell besides their code and message. */
const facts: Readonly<Record<string, string>> = {
  InvalidInput: "issues { path message }",
  WrongState: "currentState",
  NeedsApproval: "limit",
  RateLimited: "retryAfterSeconds",
  LimitReached: "limit heldCouponIds",
  NotStarted: "notBefore",
  CouponUnusable: "unusable { couponId reason missing { amount } }",
};

/** Fragments for all that the refusals of a mutation tell. */
export function refusalsOf(mutation: string): string {
  const union = buildSchemas(domains).operators.getType(`${titleOf(mutation)}Result`);
  if (!isUnionType(union)) throw new Error(`there is no mutation ${mutation}`);
  const told = union.getTypes().flatMap(({ name }) => (facts[name] ? [`... on ${name} { ${facts[name]} }`] : []));
  return ["... on Refusal { refusal message }", ...told].join(" ");
}

/** A mutation's name as its types begin with. */
export const titleOf = (mutation: string) => mutation.charAt(0).toUpperCase() + mutation.slice(1);
