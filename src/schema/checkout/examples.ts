import type { Example } from "../kit/example.ts";

/** What whoever serves a member asks. */
export const deskExamples: readonly Example[] = [
  {
    query: `# Someone calls. Who is it? By e-mail, phone, external id, or how they begin; couponByCode finds a coupon.
# Then what she holds, what she bought with it, what she was sent and why not, and what lies in her inbox.
# withdrawCoupon takes one coupon back, for a reason that Coupon.history keeps.
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
];
