import { issueBatch } from "../distribution/issue.ts";
import {
  distributionBatch,
  distributionNotice,
  distributionRead,
  distributionWithdraw,
} from "../distribution/messages.ts";
import { parkBatch, parkRead } from "../distribution/parking.ts";
import { readFile } from "../distribution/read.ts";
import { tellThose } from "../distribution/tell.ts";
import { withdrawStretch } from "../distribution/withdraw.ts";
import { defineJob, type Job } from "./job.ts";

export const distributionJobs: readonly Job[] = [
  defineJob(distributionRead, readFile, { park: parkRead }),
  defineJob(distributionBatch, issueBatch, { park: parkBatch }),
  defineJob(distributionWithdraw, withdrawStretch),
  defineJob(distributionNotice, tellThose),
];
