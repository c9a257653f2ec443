import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { whyMember } from "../../src/campaign/progress/why.ts";
import { cancelDistribution } from "../../src/distribution/control.ts";
import { distribution } from "../../src/distribution/domain.ts";
import { whyDistributed } from "../../src/distribution/why.ts";
import { withdrawDistribution, withdrawStretch } from "../../src/distribution/withdraw.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked, issued } from "../support/distributions.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted, runOfCampaign } from "../support/shop.ts";

afterAll(closeLedgers);

test("what a distribution did for a member is said with the file and the row", async () => {
  const { ctx, members, campaign } = await openLedger();
  await members(6);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM", stock: 2 })).id;
  const { id } = await checked(ctx, "externalId\nx1\n\nx2\nx2\nx3\n", { template });
  const why = async (member: number, distribution = id) => {
    const { row, summary } = accepted(await whyDistributed(ctx, { distribution, member }));
    return [row, summary];
  };
  expect(await why(2)).toEqual([
    4,
    "The member is to get a coupon by row 4 of members.csv; the distribution is READY.",
  ]);
  await issued(ctx, id);
  const [row, got] = await why(2);
  expect([row, got]).toEqual([
    4,
    expect.stringMatching(/^The member got coupon \d+ by row 4 of members.csv at \d{4}-.*Z\.$/),
  ]);
  expect(await why(3)).toEqual([
    6,
    "The member got no coupon by row 6 of members.csv: stock ran out. There was none left. " +
      "Raise the stock, then upload this file as a follow-up.",
  ]);
  expect(await why(4)).toEqual([null, "No row of members.csv named the member when it was read."]);
  expect(await whyDistributed(ctx, { distribution: id, member: 99 })).toMatchObject({ code: "NOT_FOUND" });
  expect(await whyDistributed(ctx, { distribution: 99, member: 1 })).toMatchObject({ code: "NOT_FOUND" });

  const cut = await checked(ctx, "externalId\nx5\n", {
    template: (await addTemplate(ctx, { issueMode: "SYSTEM" })).id,
  });
  accepted(await cancelDistribution(ctx, { id: cut.id }));
  expect((await why(5, cut.id))[1]).toBe(
    "The member got none: it was cancelled before it was the turn of row 2 of members.csv.",
  );

  // Whoever asks of the notice is told the row, too.
  const notice = await campaign({ channels: ["IN_APP"] });
  accepted(await launchCampaign(ctx, { id: notice }));
  await ctx.db.write([sql`UPDATE distribution SET notice_campaign = ${notice} WHERE id = ${id}`]);
  const told = accepted(await whyMember(ctx, { run: await runOfCampaign(ctx.db, notice), member: 2 }));
  expect(told.summary).toEndWith(String(got));
  const other = await campaign({ channels: ["IN_APP"] });
  accepted(await launchCampaign(ctx, { id: other }));
  const silent = accepted(await whyMember(ctx, { run: await runOfCampaign(ctx.db, other), member: 2 }));
  expect(silent.summary).not.toContain("members.csv");
});

test("what was taken back is said to be, and that rows are kept no longer; not that none was there", async () => {
  const { ctx, members, pass } = await openLedger();
  await members(3);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  const { id } = await issued(ctx, (await checked(ctx, "externalId\nx1\nx2\nnobody\n", { template })).id);
  await ctx.db.write([sql`UPDATE coupon SET state = 'USED' WHERE member = 2`]);
  accepted(await withdrawDistribution(ctx, { id, reason: "by mistake" }));
  await withdrawStretch(ctx, { distribution: id, from: 0 });
  const why = async (member: number) => accepted(await whyDistributed(ctx, { distribution: id, member }));
  const moment = "\\d{4}-[^ ]*Z";
  expect((await why(1)).summary).toMatch(
    RegExp(`^The member got coupon \\d+ by row 2 of members.csv at ${moment}; it has been taken back since\\.$`),
  );
  pass(31 * 24 * 3_600_000);
  for (let rounds = 0; rounds < 5; rounds++) for (const { forget } of distribution.keeps ?? []) await forget(ctx);
  const got = `^The member got coupon \\d+ by a row of members.csv at ${moment}`;
  const kept = "Its rows are not kept any more\\.$";
  expect(await why(1)).toEqual({
    row: null,
    summary: expect.stringMatching(RegExp(`${got}; it has been taken back since\\. ${kept}`)),
  });
  expect(await why(2)).toEqual({ row: null, summary: expect.stringMatching(RegExp(`${got}\\. ${kept}`)) });
  expect(await why(3)).toEqual({
    row: null,
    summary: "The member holds no coupon of members.csv. Its rows are not kept any more.",
  });
});
