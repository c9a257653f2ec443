import { look } from "../lifecycle/look.ts";
import { lifecycleLook } from "../lifecycle/messages.ts";
import { defineJob, type Job } from "./job.ts";

export const lifecycleJobs: readonly Job[] = [defineJob(lifecycleLook, look)];
