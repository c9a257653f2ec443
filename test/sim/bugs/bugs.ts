/** A piece of source as it is, and as it is with a bug in it. */
export interface Change {
  readonly file: string;
  /** Must stand in the file once; a file that is to be added has none. */
  readonly from?: string;
  readonly to: string;
}

/** A bug of a kind that products like this one have had, as it may come in with any change. */
export interface Bug {
  readonly name: string;
  readonly changes: readonly Change[];
}

/** Each must be caught by a seed: what checks the product is checked by these. */
export const bugs: readonly Bug[] = [
  {
    name: "a UNIQUE is dropped: nothing keeps a claim's key from giving a second coupon",
    changes: [
      {
        file: "migrations/9999_bug.sql",
        to: "DROP INDEX coupon_token;\nCREATE INDEX coupon_token ON coupon (token);\n",
      },
      {
        file: "src/coupon/claim/claim-statements.ts",
        from: "WHERE NOT EXISTS (SELECT 1 FROM coupon x WHERE x.token = c.token)\n        AND NOT EXISTS",
        to: "WHERE NOT EXISTS",
      },
    ],
  },
  {
    name: "acknowledged before the commit: claims are answered while their commit waits for company",
    changes: [
      {
        file: "src/db/local/client.ts",
        from: `        on.begin();
        const begun = now();
        const results = runEach(on, statements);
        tookMs = now() - begun;
        on.run(commit, "all");
        return results;
      } finally {
        takeBack(on);
      }`,
        to: `        if (!on.isInTransaction()) on.begin();
        const begun = now();
        const results = runEach(on, statements);
        tookMs = now() - begun;
        const end = () => on.isInTransaction() && on.run(commit, "all");
        const group = on as typeof on & { waits?: boolean };
        const isClaim = statements.some(({ sql }) => sql.includes("INSERT INTO coupon "));
        const endGroup = () => ((group.waits = false), end());
        // In the copy alone, whose time is virtual: what comes meanwhile is the company.
        if (isClaim && !group.waits) setTimeout(endGroup, 50);
        if (isClaim) group.waits = true;
        else if (!group.waits) end();
        return results;
      } catch (error) {
        takeBack(on);
        throw error;
      }`,
      },
      {
        file: "src/db/local/client.ts",
        from: "const on = connection();\n      on.begin();",
        to: 'const on = connection();\n      if (on.isInTransaction()) on.run(commit, "all");\n      on.begin();',
      },
    ],
  },
  {
    name: "no reaper: units that a crash left pending at the gate stay pending",
    changes: [
      {
        file: "src/coupon/gate/reconcile.ts",
        from: "added(await reap(ctx, template), await reapIssues(ctx, template))",
        to: "nothing",
      },
    ],
  },
  {
    name: "Redis first: what the gate says is sold out is sold out",
    changes: [
      {
        file: "src/coupon/claim/claim.ts",
        from: "(await soldOutForSure(ctx, template.id)) ? refuseCoupon.soldOut() : undefined",
        to: "refuseCoupon.soldOut()",
      },
    ],
  },
  {
    name: "a batch item is ignored: what the queue refuses counts as published",
    changes: [
      {
        file: "src/queue/publish.ts",
        from: `if (typeof answer === "object" && answer !== null && "messageId" in answer)
    return { messageId: String(answer.messageId) };`,
        to: `if (typeof answer === "object" && answer !== null)
    return { messageId: (answer as { messageId?: string }).messageId ?? "" };`,
      },
    ],
  },
  {
    name: "completed early: a run ends when its pages are written, whatever its batches do",
    changes: [
      {
        file: "src/campaign/run/completion.ts",
        from: "(reason <> '' OR run.state <> 'RUNNING' OR NOT",
        to: "(reason <> '' AND NOT",
      },
      {
        file: "src/campaign/run/completion.ts",
        from: "(state IN ('OPEN', 'FROZEN', 'TRIED')",
        to: "(state IN ('OPEN')",
      },
    ],
  },
  {
    name: "consent is read before the freeze: who opts out while a run goes on is written to",
    changes: [
      {
        file: "src/campaign/delivery/freeze.ts",
        from: "const reason = withCaps(skipReason(channel, decisionFacts(frozen, now), now), caps);",
        to: "const reason = withCaps(sql`NULL`, caps);",
      },
    ],
  },
  {
    name: "a stale announcement: what has not begun to tell does not follow its promotion",
    changes: [
      {
        file: "src/campaign/announcement/follow.ts",
        from: "for (const id of await waiting(tx, edited.after.id)) {",
        to: "for (const id of (await waiting(tx, edited.after.id)).slice(1_000)) {",
      },
    ],
  },
  {
    name: "a unit is leaked by a page: what a page took of a stock and did not give counts as given",
    changes: [
      {
        file: "src/coupon/issue/issue.ts",
        from: "SET issued = issued + changes(), reserved",
        to: "SET issued = min(coalesce(stock, 1e9), issued + changes() + (changes() > 3)), reserved",
      },
    ],
  },
  {
    name: "an approval is lost: what grows past the size after it was launched needs nobody",
    changes: [
      {
        file: "src/campaign/approval/growth.ts",
        from: "if (approver === null) return approvalAbove;",
        to: "if (approver === null) return 1e9;",
      },
    ],
  },
  {
    name: "a dead destination: an endpoint that says it is gone is called again and again",
    changes: [{ file: "src/webhook/attempt.ts", from: "outcome.status === 410", to: "outcome.status === 999" }],
  },
  {
    name: "a log line throws: what cannot be written down stops what it tells of",
    changes: [
      {
        file: "src/log.ts",
        from: "} catch {\n      onLost(1);",
        to: "} catch (error) {\n      throw error;",
      },
    ],
  },
  {
    name: "a pause is no pause: what comes due of a schedule that is paused fires",
    changes: [
      {
        file: "src/schedule/decide.ts",
        from: 'if (schedule.state !== "ACTIVE") return skipped("PAUSED");\n  if (standing === "OFF"',
        to: 'if (standing === "OFF"',
      },
    ],
  },
  {
    name: "a count lags behind: what a block of a file gave is written, and not counted with it",
    changes: [
      {
        file: "src/distribution/issue.ts",
        from: "ON CONFLICT DO UPDATE SET ended = ended + excluded.ended",
        to: "ON CONFLICT DO NOTHING",
      },
    ],
  },
];
