import type { Audience } from "../../audience/audience.ts";
import { type AudienceEstimate, estimateAudience, explainAudience } from "../../member/estimate.ts";
import { lineOf } from "../../value/plain-text.ts";
import { AudienceFilter, audienceOf } from "../kit/audience-filter.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { memberScan } from "../kit/query-limits.ts";
import { unwrap } from "../kit/unwrap.ts";
import { MemberType } from "./member-type.ts";

const viewers = { role: "viewer" } as const;

const ChannelReach = builder.objectRef<AudienceEstimate["reach"][number]>("ChannelReach").implement({
  description: "How many members a channel reaches.",
  authScopes: viewers,
  fields: (t) => ({
    channel: t.expose("channel", { type: ChannelEnum, description: "The channel." }),
    members: t.exposeInt("members", {
      description:
        "Members outside the control group who let it write to them and have an address that is not suppressed.",
    }),
  }),
});

const AudienceEstimateType = builder
  .objectRef<AudienceEstimate & { readonly audience: Audience }>("AudienceEstimate")
  .implement({
    description: "How many members a filter selects, whom for example, and how many of them each channel reaches.",
    authScopes: viewers,
    fields: (t) => ({
      count: t.exposeInt("count", { description: "How many members it selects." }),
      sample: t.expose("sample", { type: [MemberType], description: "At most 10 of them, drawn at random." }),
      reach: t.expose("reach", { type: [ChannelReach], description: "Per channel, how many of them it reaches." }),
      usesIndex: t.boolean({
        description: "Whether an index leads to them; if not, every member is read.",
        resolve: ({ audience }) => explainAudience(audience).usesIndex,
      }),
      advice: t.string({
        description: "How the filter is served, and what would make it quicker.",
        resolve: ({ audience }) => explainAudience(audience).message,
      }),
    }),
  });

builder.queryField("estimateAudience", (t) =>
  t.field({
    type: AudienceEstimateType,
    description: "Tries a filter: nothing is saved or sent. It reads every member who may be in it.",
    authScopes: viewers,
    complexity: memberScan,
    args: {
      filter: t.arg({ type: AudienceFilter, description: "The filter; without one, everyone." }),
      topic: t.arg.string({ description: "What the message would be about; consent may depend on it." }),
    },
    resolve: async (_parent, { filter, topic }, { ctx }) => {
      const audience = audienceOf(ctx, filter, "filter");
      return { ...unwrap(await estimateAudience(ctx, audience, topic ? lineOf(topic) : undefined)), audience };
    },
  }),
);
