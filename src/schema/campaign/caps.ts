import { type CapsPolicy, listCapsPolicies, setCapsPolicy } from "../../campaign/caps/policy.ts";
import { externalNames } from "../../channels/catalog.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { refusable } from "../kit/refusable.ts";

const ringing = externalNames.join(", ");

const CapsPolicyType = builder.objectRef<CapsPolicy>("CapsPolicy").implement({
  description: "How much a member may be sent on a channel, or on all together, and when not. Null: no bound.",
  authScopes: { platform: "viewer" },
  fields: (t) => ({
    channel: t.expose("channel", {
      type: ChannelEnum,
      nullable: true,
      description: "The channel; null for all channels together. Caps of both hold side by side.",
    }),
    perDay: t.exposeInt("perDay", { nullable: true, description: "Sends a day, by the calendar of the shop's zone." }),
    perWeek: t.exposeInt("perWeek", { nullable: true, description: "Sends on a day and the six before it." }),
    quietFrom: t.exposeInt("quietFrom", {
      nullable: true,
      description: "Quiet hours begin: minutes from midnight in the member's zone, else the shop's.",
    }),
    quietTo: t.exposeInt("quietTo", {
      nullable: true,
      description:
        "Quiet hours end, on the next day if that is not behind their begin; what was deferred goes out then.",
    }),
  }),
});

builder.queryField("capsPolicies", (t) =>
  t.field({
    type: [CapsPolicyType],
    description:
      "Frequency caps and quiet hours; a channel without any is not listed. Transactional campaigns are exempt.",
    authScopes: { platform: "viewer" },
    resolve: (_root, _args, { ctx }) => listCapsPolicies(ctx),
  }),
);

refusable("setCapsPolicy", {
  description:
    "Sets the whole policy of a channel, or of all together: what is left out has no bound. It holds " +
    "within 5 seconds for what is decided from then on; sends begin to count with the first cap that " +
    "covers their channel.",
  scopes: { platform: "admin" },
  result: CapsPolicyType,
  refusals: {},
  input: (t) => ({
    channel: t.field({ type: ChannelEnum, description: "The channel; left out, all channels together." }),
    perDay: t.int({ description: "Sends to a member a day, 1–1,000, not more than perWeek." }),
    perWeek: t.int({ description: "Sends to a member on a day and the six before it, 1–1,000." }),
    quietFrom: t.int({
      description: `Quiet hours begin: minutes from midnight, 0–1,440. For channels that ring: ${ringing}.`,
    }),
    quietTo: t.int({ description: "Quiet hours end, 0–1,440; before their begin means on the next day." }),
  }),
  resolve: (input, ctx) => setCapsPolicy(ctx, input),
});
