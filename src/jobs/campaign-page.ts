import { campaignPage } from "../campaign/messages.ts";
import { writePage } from "../campaign/run/page.ts";
import { parkPage } from "../campaign/run/parking.ts";
import { defineJob, done } from "./job.ts";

export const campaignPageJob = defineJob(
  campaignPage,
  async (ctx, { run, page }) => {
    await writePage(ctx, { run, page }); // pages of paused runs and replayed pages are done, too
    return done;
  },
  { park: parkPage },
);
