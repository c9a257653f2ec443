import { z } from "zod";
import { contentPurposes } from "../content/purposes.ts";
import { unwantedTemplate } from "./coupon-choice.ts";
import { defineAction } from "./define.ts";

/** Says something, and nothing else. */
export const announce = defineAction({
  kind: "ANNOUNCEMENT",
  describe: "A message.",
  channels: "needed",
  input: {
    issues: async (_ctx, choice) => unwantedTemplate(choice),
    startIssues: async () => [],
  },
  facts: { schema: z.object({}), freeze: async () => ({}) },
  content: {
    variables: contentPurposes.PROMOTION.variables,
    known: ({ promotion }) => contentPurposes[promotion === null ? "MESSAGE" : "PROMOTION"].variables,
  },
  skipReasons: {},
});
