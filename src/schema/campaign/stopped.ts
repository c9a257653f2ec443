import { type StopChoice, type Stopped, stopChoices } from "../../campaign/control/stop.ts";
import { builder } from "../kit/builder.ts";
import { enumOf } from "../kit/enum.ts";
import { CampaignType } from "./campaign-type.ts";

export const StopEnum = enumOf(
  "StopChoice",
  "What becomes of campaigns that tell of something which is taken away.",
  Object.keys(stopChoices) as StopChoice[],
  (choice) => stopChoices[choice],
);

export const StoppedType = builder.objectRef<Stopped>("StoppedCampaign").implement({
  description:
    "A campaign that was stopped, and how far it had come then: a message each, on one channel a member. What became " +
    "of those under way its runs tell.",
  authScopes: { role: "viewer" },
  fields: (t) => ({
    campaign: t.expose("campaign", { type: CampaignType, description: "Which one." }),
    told: t.exposeInt("told", { description: "Messages that were out, or may be." }),
    underWay: t.exposeInt("underWay", {
      description: "Messages in a provider's hands, or on their way there: of these some may still go out.",
    }),
    untold: t.exposeInt("untold", { description: "Messages that will not go out." }),
  }),
});
