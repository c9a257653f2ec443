import { type Example, refusal } from "../kit/example.ts";

export const webhookExamples: readonly Example[] = [
  {
    query: `# The shop's own server can be told what happens, signed as standardwebhooks.com describes.
# Keep the secret now.
mutation AddWebhook($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    ... on WebhookSecret { secret webhook { id url events } }
    ${refusal}
  }
}`,
    variables: {
      input: { url: "http://127.0.0.1:4000/fanfare", events: ["RUN_COMPLETED", "RUN_FAILED", "MEMBER_UNSUBSCRIBED"] },
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
