import { sql } from "drizzle-orm";
import { z } from "zod";
import { type AudienceTerm, defineTerm, idOf } from "../audience/term.ts";
import { isOwnRow } from "../shop.ts";

/** What lifecycle pushes know of their members. */
export const lifecycleTerms: readonly AudienceTerm[] = [
  defineTerm({
    name: "lifecycle",
    description: "Members of whom a policy found, when it looked at a moment, that their day had come.",
    schema: z.strictObject({
      policy: idOf("LifecyclePolicy").describe("The policy."),
      at: z.iso.datetime({ offset: true }).describe("When it looked, as that was planned."),
    }),
    indexed: () => true,
    compile: ({ policy, at }, env) => {
      const marked = sql`lifecycle_mark k WHERE k.policy = ${policy} AND k.look = ${Date.parse(at)}`;
      const isThere = isOwnRow(env.shop, sql`lifecycle_policy`, sql`${policy}`);
      if (env.from === "index") return sql`(${isThere} AND m.seq IN (SELECT k.member FROM ${marked}))`;
      return sql`(${isThere} AND EXISTS (SELECT 1 FROM ${marked} AND k.member = m.seq))`;
    },
  }),
];
