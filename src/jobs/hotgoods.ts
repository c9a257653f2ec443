import { hotGoodsDay } from "../hotgoods/messages.ts";
import { sendDay } from "../hotgoods/send-day.ts";
import { defineJob, type Job } from "./job.ts";

export const hotgoodsJobs: readonly Job[] = [defineJob(hotGoodsDay, sendDay)];
