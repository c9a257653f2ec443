import { type Example, refusal } from "../kit/example.ts";
import { runExamples } from "./run-examples.ts";

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
            name: "Kim",
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
    query: `# What may a text say? Of a coupon that members are invited to claim, besides what every message may.
query Variables {
  contentVariables(purpose: INVITED) { name about usage example }
}`,
  },
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
          {
            parts: {
              inApp: { title: "Hello {{ member.name | default: 'you' }}", body: "The {{ campaign.name }} has begun." },
            },
          },
          {
            parts: {
              email: {
                subject: "The {{ campaign.name }} has begun",
                html: '<p>You have {{ member.points }} points. <a href="https://shop.example/sale">Look in</a></p>',
              },
            },
          },
          { locale: "de", parts: { inApp: { title: "Hallo {{ member.name }}", body: "Es geht los." } } },
        ],
      },
    },
  },
  {
    query: `# 5. What one member would get, and what launching would do. Nothing is sent.
query TryCampaign($campaign: ID!, $externalId: String) {
  previewContent(campaignId: $campaign, externalId: $externalId, channel: EMAIL) { locale skipped parts { name text } }
  simulateLaunch(campaignId: $campaign) {
    matched
    channels { channel reachable skipped { reason words members } }
    messages
    seconds
  }
}`,
    variables: (made) => ({ campaign: made("Campaign"), externalId: "kim" }),
  },
  {
    query: `# 6. Off it goes. The key makes it safe to send this twice.
mutation Launch($input: LaunchCampaignInput!) {
  launchCampaign(input: $input) {
    ... on Campaign { state history { from to actor at } runs { nodes { id number } } }
    ${refusal}
    ... on NeedsApproval { limit }
  }
}`,
    variables: (made) => ({ input: { campaignId: made("Campaign"), idempotencyKey: "spring-1" } }),
  },
  {
    query: `# Stop it within two seconds; resumeCampaign goes on, cancelCampaign ends it for good.
mutation Pause($input: PauseCampaignInput!) {
  pauseCampaign(input: $input) {
    ... on Campaign { state }
    ${refusal}
  }
}`,
    variables: (made) => ({ input: { campaignId: made("Campaign"), reason: "the price is wrong" } }),
  },
];

/** From the first member to what the sandbox took. */
export const campaignExamples: readonly Example[] = [...audience, ...campaign, ...runExamples];
