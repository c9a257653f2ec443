import { couponExamples } from "../coupon/examples.ts";
import { exampleId as id, refusal } from "../kit/example.ts";
import type { Example } from "../server/playground.ts";
import { runExamples } from "./run-examples.ts";

/** The first tab: the playground shows no variables in it until another was opened, so it has none. */
const start: readonly Example[] = [
  {
    query: `# Each tab is a step, from the first member to what would have gone out.
# Run it with the button or Ctrl-Enter; what it is about stands under "Variables".
query Start {
  viewer { kind name role }
}`,
  },
];

const audience: readonly Example[] = [
  {
    query: `# 1. Members come from the shop's backend, at most 1,000 a call.
mutation AddMembers($input: UpsertMembersInput!) {
  upsertMembers(input: $input) {
    ... on MemberUpserts { created: count(kind: CREATED) outcomes { index kind publicId issues { path message } } }
    ${refusal}
  }
}`,
    variables: {
      input: {
        members: [
          {
            externalId: "kim",
            email: "kim@shop.example",
            level: 4,
            tags: ["vip"],
            attributes: { city: "Graz" },
            consent: [{ channel: "EMAIL", granted: true }],
          },
          { externalId: "lou", level: 2, points: 120, locale: "de-AT" },
        ],
      },
    },
  },
  {
    query: `# 2. Whom would a filter select, and on which channels can they be reached?
query Estimate($filter: AudienceFilter) {
  estimateAudience(filter: $filter) {
    count
    reach { channel members }
    sample { externalId level }
    usesIndex
    advice
  }
}`,
    variables: { filter: { or: [{ level: { gte: 3 } }, { points: { gt: "100" } }] } },
  },
  {
    query: `# 3. A filter that is used again gets a name.
mutation SaveSegment($input: CreateSegmentInput!) {
  createSegment(input: $input) {
    ... on Segment { id name filter }
    ${refusal}
  }
}`,
    variables: { input: { name: "Regulars", filter: { level: { gte: 2 } } } },
  },
];

const campaign: readonly Example[] = [
  {
    query: `# 4. What is said, to whom, on which channels: a draft.
mutation WriteCampaign($input: CreateCampaignInput!) {
  createCampaign(input: $input) {
    ... on Campaign { id number state }
    ${refusal}
  }
}`,
    variables: {
      input: {
        name: "Spring sale",
        audience: { everyone: true },
        channels: ["IN_APP", "EMAIL"],
        content: [
          { parts: { inApp: { title: "Hello {{ member.externalId }}", body: "The {{ campaign.name }} has begun." } } },
          {
            parts: {
              email: {
                subject: "The {{ campaign.name }} has begun",
                html: '<p>You have {{ member.points }} points. <a href="https://shop.example/sale">Look in</a></p>',
              },
            },
          },
          { locale: "de", parts: { inApp: { title: "Hallo {{ member.externalId }}", body: "Es geht los." } } },
        ],
      },
    },
  },
  {
    query: `# 5. What one member would get, and what launching would do. Nothing is sent.
query TryCampaign($campaign: ID!, $member: ID!) {
  previewContent(campaignId: $campaign, memberId: $member, channel: EMAIL) { locale skipped parts { name text } }
  simulateLaunch(campaignId: $campaign) {
    matched
    channels { channel reachable skipped { reason words members } }
    messages
    seconds
  }
}`,
    variables: { campaign: id("Campaign", 1), member: id("Member", 1) },
  },
  {
    query: `# 6. Off it goes. The key makes it safe to send this twice.
mutation Launch($input: LaunchCampaignInput!) {
  launchCampaign(input: $input) {
    ... on Campaign { state transitions { from to actor at } runs { nodes { id number } } }
    ${refusal}
    ... on NeedsApproval { limit }
  }
}`,
    variables: { input: { campaign: id("Campaign", 1), idempotencyKey: "spring-1" } },
  },
  {
    query: `# Stop it within two seconds; resumeCampaign goes on, cancelCampaign ends it for good.
mutation Pause($input: PauseCampaignInput!) {
  pauseCampaign(input: $input) {
    ... on Campaign { state }
    ${refusal}
  }
}`,
    variables: { input: { campaign: id("Campaign", 1), reason: "the price is wrong" } },
  },
];

const promotion: readonly Example[] = [
  {
    query: `# A promotion: enabling it with enablePromotion announces it to everyone, once.
mutation WritePromotion($input: CreatePromotionInput!) {
  createPromotion(input: $input) {
    ... on Promotion { id name kind tiers { spend off } acting }
    ${refusal}
  }
}`,
    variables: {
      input: {
        name: "Spend 200, save 30",
        rule: { fullReduction: [{ spend: "20000", off: "3000" }] },
        remark: "Until the end of the month.",
      },
    },
  },
];

const webhook: readonly Example[] = [
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
      id url enabled failingSince notes { note actor at }
      deliveries(first: 10) { nodes { id type state attempts status error dueAt body } }
    }
  }
}`,
  },
];

/**
 * The operations that the playground opens with: from the first member to what the sandbox took, a promotion, coupons,
 * and webhooks.
 */
export const exampleOperations: readonly Example[] = [
  ...start,
  ...audience,
  ...campaign,
  ...runExamples,
  ...promotion,
  ...couponExamples,
  ...webhook,
];
