import { parkRewards } from "../checkout/giving/parking.ts";
import { settleRewards } from "../checkout/giving/settle-rewards.ts";
import { orderReward } from "../checkout/messages.ts";
import { defineJob, type Job } from "./job.ts";

export const checkoutJobs: readonly Job[] = [defineJob(orderReward, settleRewards, { park: parkRewards })];
