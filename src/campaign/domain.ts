import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { campaignTerms } from "./audience-terms.ts";
import { setbackOfBatch, setbackOfRun } from "./delivery/refusal.ts";
import { runCancelled, runCompleted, runFailed } from "./events.ts";
import { followLink, unsubscribePage } from "./feedback/link-page.ts";
import { preferencesPage } from "./feedback/preferences-page.ts";
import { campaignFigures } from "./figures.ts";
import { campaignGauges } from "./gauges.ts";
import {
  campaignCancel,
  campaignPage,
  campaignPlan,
  campaignStart,
  campaignTest,
  campaignWake,
  channelSend,
  couponNotice,
} from "./messages.ts";
import { campaignPersonalData } from "./personal-data.ts";
import { campaignKeeps } from "./retention.ts";
import { openWorkOfRun } from "./run/open-work.ts";
import { unparkBatch, unparkPage, unparkPlanning } from "./run/parking.ts";
import { timedCampaign } from "./schedule/timed.ts";
import { campaignSettings } from "./settings.ts";
import { shortenWaits } from "./shorten-waits.ts";
import { stalled } from "./stalled.ts";
import { tables } from "./table.ts";
import { tidy } from "./tidy.ts";

export const campaign = defineDomain({
  name: "campaign",
  about: "One promotion to many members: drafts, runs, pages, the ledger of sends, inbox and notices.",
  tables,
  subjects: {
    caps: { about: "the caps and quiet hours of a channel, or of all" },
    campaign: { type: "Campaign", shop: (id) => sql`SELECT c.shop FROM campaign c WHERE c.id = ${id}` },
    run: {
      type: "Run",
      shop: (id) => sql`SELECT c.shop FROM run r JOIN campaign c ON c.id = r.campaign WHERE r.id = ${id}`,
    },
  },
  settings: campaignSettings,
  messages: [
    owned(campaignStart, { unpark: unparkPlanning }),
    owned(campaignPlan, { unpark: unparkPlanning }),
    owned(campaignPage, { unpark: unparkPage }),
    owned(campaignWake, { setback: setbackOfRun }),
    owned(campaignCancel),
    owned(channelSend, { unpark: unparkBatch, setback: setbackOfBatch }),
    owned(campaignTest),
    owned(couponNotice),
  ],
  flows: { pages: { parallelism: 8 } },
  every: [{ cron: "* * * * *", message: couponNotice }],
  timed: { campaign: timedCampaign },
  terms: campaignTerms,
  events: [
    { event: runCompleted, told: "A run ended with nothing left to do; its sums are final." },
    { event: runFailed, told: "A run ended with work that could not be done; replaying that ends it again." },
    { event: runCancelled, told: "A run was ended by an operator." },
  ],
  personalData: campaignPersonalData,
  openWork: { run: openWorkOfRun },
  stalled: (ctx, before) => stalled(ctx, { before, limit: 500 }),
  shortenWaits,
  tidy,
  keeps: campaignKeeps,
  gauges: campaignGauges,
  figures: campaignFigures,
  logs: ["run", "channel", "batch", "reason", "place"],
  routes: { l: followLink, u: unsubscribePage, p: preferencesPage },
});
