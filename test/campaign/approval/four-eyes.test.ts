import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { campaignVersion } from "../../../src/campaign/approval/version.ts";
import { updateCampaign } from "../../../src/campaign/control/edit.ts";
import { approveCampaign, rejectCampaign, submitCampaign } from "../../../src/campaign/control/review.ts";
import { type CampaignDraft, findCampaign } from "../../../src/campaign/draft/campaign.ts";
import type { Context } from "../../../src/context.ts";
import { isRefusal } from "../../../src/errors.ts";
import { createSegment, updateSegment } from "../../../src/member/segment.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { as } from "../../support/persons.ts";
import { accepted, addCampaign } from "../../support/shop.ts";

let [kim, ada, ben]: Context[] = [];
beforeAll(async () => {
  const { ctx } = await openLedger();
  [kim, ada, ben] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2), as(ctx, "Ben", 3)];
});
afterAll(closeLedgers);

const draft = (by: Context, more: Partial<CampaignDraft> = {}) => addCampaign(by, { channels: ["IN_APP"], ...more });
const versionOf = async (id: number) => campaignVersion(kim!, (await findCampaign(kim!, id))!);
const approve = async (by: Context, id: number) => approveCampaign(by, { id, version: await versionOf(id) });

describe("four eyes", () => {
  const forbidden = { code: "FORBIDDEN" };

  test("whoever rewrote another's draft does not approve it, not with a second token either", async () => {
    const id = await draft(kim!);
    accepted(await updateCampaign(ada!, { id, draft: { name: "Mine now" } }));
    accepted(await submitCampaign(ada!, { id }));
    expect(await approve(ada!, id)).toMatchObject(forbidden);
    expect(await approve(as(ada!, "Ada", 2, 77), id)).toMatchObject(forbidden);
    expect(await approve(kim!, id)).toMatchObject(forbidden);
    expect(accepted(await approve(ben!, id))).toMatchObject({ state: "APPROVED", approver: "operator Ben" });
  });

  test("what a shop's people made may be approved by somebody who works for all", async () => {
    const id = await draft(as(kim!, "Lea", 7, 7, "berlin"));
    accepted(await submitCampaign(as(kim!, "Lea", 7, 7, "berlin"), { id }));
    expect(await approve(as(kim!, "Lea", 7, 78, "berlin"), id)).toMatchObject(forbidden);
    expect(accepted(await approve(as(kim!, "Root", 8), id))).toMatchObject({ approver: "operator Root" });
  });

  test("nor does who wrote the segment that it is for", async () => {
    const segment = accepted(await createSegment(kim!, { name: "few", filter: { level: { eq: 1 } } })).id;
    const id = await draft(ben!, { audience: { segment } });
    accepted(await updateSegment(ada!, { id: segment, filter: { level: { gte: 1 } } }));
    accepted(await submitCampaign(ben!, { id }));
    for (const writer of [ada!, kim!, ben!]) expect(await approve(writer, id)).toMatchObject(forbidden);
    expect(accepted(await approve(as(ada!, "Zoe", 9), id)).state).toBe("APPROVED");
  });

  test("what is approved is what was read: of an older version a conflict says what changed, and by whom", async () => {
    const id = await draft(kim!);
    accepted(await submitCampaign(kim!, { id }));
    const version = await versionOf(id);
    accepted(await rejectCampaign(ben!, { id }));
    accepted(await updateCampaign(kim!, { id, draft: { name: "Other", topic: "shoes" } }));
    accepted(await submitCampaign(kim!, { id }));
    const answer = await approveCampaign(ada!, { id, version });
    expect(answer).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("name, topic by operator Kim") });
    expect(accepted(await approve(ada!, id)).state).toBe("APPROVED");
  });

  test("edited while it is approved: the version that was read, or none", async () => {
    const id = await draft(kim!);
    accepted(await submitCampaign(kim!, { id }));
    const version = await versionOf(id);
    const rewrite = async () => {
      const back = await rejectCampaign(kim!, { id });
      if (isRefusal(back)) return;
      await updateCampaign(kim!, { id, draft: { name: "Rewritten" } });
      await submitCampaign(kim!, { id });
    };
    const [answer] = await Promise.all([approveCampaign(ada!, { id, version }), rewrite()]);
    const after = await findCampaign(kim!, id);
    if (isRefusal(answer)) expect([after?.state, after?.approver]).toEqual(["IN_REVIEW", null]);
    else expect(answer).toMatchObject({ name: "Sale", state: "APPROVED" });
    if (after?.state === "APPROVED") expect(after.name).toBe("Sale");
  });

  test("approved by two at once, one of them did", async () => {
    const id = await draft(kim!);
    accepted(await submitCampaign(kim!, { id }));
    const version = await versionOf(id);
    const answers = await Promise.all([ada!, ben!].map((by) => approveCampaign(by, { id, version })));
    expect(answers.filter(isRefusal)).toMatchObject([{ code: "WRONG_STATE", currentState: "APPROVED" }]);
  });
});
