import { issueBatch } from "../distribution/issue.ts";
import { distributionBatch, distributionRead } from "../distribution/messages.ts";
import { readFile } from "../distribution/read.ts";
import { defineJob, type Job } from "./job.ts";

export const distributionJobs: readonly Job[] = [
  defineJob(distributionRead, readFile),
  defineJob(distributionBatch, issueBatch),
];
