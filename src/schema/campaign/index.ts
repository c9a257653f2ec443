// What the API says of campaigns and their runs; each file declares its part on the builder when it is imported.
import "./campaign.ts";
import "./run.ts";
import "./approval.ts";
import "./close-template.ts";
import "./simulation.ts";
import "./push.ts";
import "./why.ts";
import "./preview.ts";
import "./variable.ts";
import "./caps.ts";
import "./notice.ts";
import "./inbox.ts";
import "./member-inbox.ts";
import "./schedule.ts";
import "./send.ts";
import "./popup.ts";
import "./funnel.ts";
import { listCampaigns } from "../../campaign/draft/campaign.ts";
import { listRuns } from "../../campaign/run/run.ts";
import type { Room } from "../room.ts";
import { campaignExamples } from "./examples.ts";

export const campaignRoom: Room = {
  examples: campaignExamples,
  newest: {
    Campaign: async (ctx) => (await listCampaigns(ctx, { limit: 1 }))[0]?.id ?? 0,
    Run: async (ctx) => (await listRuns(ctx, { limit: 1 }))[0]?.id ?? 0,
  },
};
