import { type Example, refusal } from "../kit/example.ts";

export const webhookExamples: readonly Example[] = [
  {
    query: `# The shop's own server can be told what happens, signed as standardwebhooks.com describes:
# with this API's ids, the shop's own id of the member, RFC 3339 times, and money with its currency.
# Keep the secret now.
mutation AddWebhook($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    ... on WebhookSecret { secret webhook { id url events } }
    ${refusal}
  }
}`,
    variables: {
      input: {
        url: "http://127.0.0.1:4000/fanfare",
        events: ["RUN_COMPLETED", "MEMBER_UNSUBSCRIBED", "COUPON_CLAIMED", "COUPON_REDEEMED", "COUPON_REFUNDED"],
      },
    },
  },
  {
    query: `# What it was told, and what it said to that. testWebhook posts something at once.
query Webhooks {
  webhooks {
    nodes {
      id url enabled failingSince history { what actor at }
      deliveries(first: 10) { nodes { id type state attempts status error dueAt body } }
    }
  }
}`,
  },
];
