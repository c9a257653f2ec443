import { globalId as id } from "../../ids.ts";
import { type Example, refusal } from "../kit/example.ts";

/** What whoever serves a member asks and does. */
export const deskExamples: readonly Example[] = [
  {
    query: `# Someone calls. Who is it? By e-mail, phone, external id, or how they begin; couponByCode finds a coupon.
# Then what she holds, what she bought with it, what she was sent and why not, and what lies in her inbox.
query Desk($text: String!) {
  findMembers(text: $text, first: 1) {
    id externalId email phone
    coupons(first: 5) { totalCount nodes { id state template { name } validTo order { orderId } } }
    orders(first: 5) { totalCount nodes { orderId state quote { pay { text } } } }
    sends(first: 5) { nodes { channel state words at run { campaign { name } } } }
    inbox(first: 5) { nodes { at readAt run { number } text { title } } }
  }
}`,
    variables: { text: "anna" },
  },
  {
    query: `# One coupon is taken back: it stays in her list as WITHDRAWN, and its history says who did it and why.
mutation TakeOneBack($input: WithdrawCouponInput!) {
  withdrawCoupon(input: $input) {
    ... on Coupon { id state history { what actor reason at } }
    ${refusal}
  }
}`,
    variables: { input: { couponId: id("Coupon", 1), reason: "sent to the wrong person" } },
  },
];
