import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Context } from "../../../src/context.ts";
import { createCodePool } from "../../../src/coupon/code/pool.ts";
import { uploadCodes } from "../../../src/coupon/code/pool-upload.ts";
import { couponSettings } from "../../../src/coupon/settings.ts";
import { approveTemplate, templateVersions } from "../../../src/coupon/template/approval.ts";
import type { TemplateDraft } from "../../../src/coupon/template/draft.ts";
import { createTemplate, updateTemplate } from "../../../src/coupon/template/edit.ts";
import { activateTemplate } from "../../../src/coupon/template/lifecycle.ts";
import { changeBudget, changeStock } from "../../../src/coupon/template/stock-and-budget.ts";
import { findTemplate } from "../../../src/coupon/template/template.ts";
import { isRefusal } from "../../../src/errors.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { pathsOf, usualTemplate } from "../../support/coupons.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { as, couponsAbove } from "../../support/persons.ts";
import { accepted } from "../../support/shop.ts";
import { tempDir } from "../../support/temp.ts";

let [kim, ada, ben]: Context[] = [];
beforeAll(async () => {
  // One person may decide on a hundred coupons, and on 100,000 minor units; each takes off 1,000.
  const ctx = couponsAbove((await openLedger()).ctx, 100, 100_000);
  [kim, ada, ben] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2), as(ctx, "Ben", 3)];
});
afterAll(closeLedgers);

const needed = { code: "NEEDS_APPROVAL" };
const draft = async (more: Partial<TemplateDraft> = {}) =>
  accepted(await createTemplate(kim!, { draft: { ...usualTemplate, ...more } })).id;
const versionOf = async (id: number) => (await templateVersions(kim!, [id]))[0] ?? "";
const activate = (id: number, by = kim!) => activateTemplate(by, { id });
const approve = async (by: Context, id: number, more: object = {}) =>
  approveTemplate(by, { id, version: await versionOf(id), ...more });
const live = async (more: Partial<TemplateDraft> = {}) => {
  const id = await draft({ stock: 100, ...more });
  accepted(await activate(id));
  return id;
};

describe("activating", () => {
  test.each([
    ["101 coupons", { stock: 101, budget: 100_000 }],
    ["any number of coupons", { budget: 100_000 }],
    [
      "a budget above the limit, where the stock does not bound it",
      { kind: "DISCOUNT", params: { basisPointsOff: 1_000, cap: 2_000 }, stock: 100, budget: 100_001 },
    ],
    ["coupons whose cost nothing bounds", { kind: "DISCOUNT", params: { basisPointsOff: 1_000 }, stock: 5 }],
  ])("%s take a second person", async (_what, more) => {
    const id = await draft(more);
    expect(await activate(id)).toMatchObject(needed);
    expect((await findTemplate(kim!, id))?.state).toBe("DRAFT");
    expect(await approve(kim!, id)).toMatchObject({ code: "FORBIDDEN" });
    expect(await approve(as(kim!, "Kim", 1, 99), id)).toMatchObject({ code: "FORBIDDEN" });
    accepted(await approve(ada!, id));
    expect(accepted(await activate(id)).state).toBe("ACTIVE");
  });

  test("a hundred coupons of a thousand each take one person; and so does anything where no limit is set", async () => {
    expect(accepted(await activate(await draft({ stock: 100 }))).state).toBe("ACTIVE");
    expect(accepted(await activate(await draft(), couponsAbove(kim!, null, null))).state).toBe("ACTIVE");
  });

  test("what was approved is the version that was read: an edit asks again, not its writer", async () => {
    const id = await draft({ stock: 500, budget: 100_000 });
    const read = await versionOf(id);
    accepted(await approve(ada!, id));
    accepted(await updateTemplate(ben!, { id, draft: { params: { off: 200 }, activeUrl: "https://elsewhere.test" } }));
    expect(await activate(id)).toMatchObject(needed);
    const stale = await approveTemplate(ada!, { id, version: read });
    expect(stale).toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("params, activeUrl by operator Ben"),
    });
    expect(await approve(ben!, id)).toMatchObject({ code: "FORBIDDEN" });
    accepted(await approve(ada!, id));
    expect(accepted(await activate(id)).activeUrl).toBe("https://elsewhere.test");
    expect((await historyOf(kim!, subjectOf("coupon-template", id))).map(({ actor }) => actor)).toContain(
      "operator Ada",
    );
  });

  test("edited, approved by two and activated at once: what is in offer is what was approved", async () => {
    const id = await draft({ stock: 500, budget: 100_000 });
    const version = await versionOf(id);
    const [edited, one, other] = await Promise.all([
      updateTemplate(kim!, { id, draft: { params: { off: 100 } } }),
      approveTemplate(ada!, { id, version }),
      approveTemplate(ben!, { id, version }),
      activate(id),
    ]);
    const after = await findTemplate(kim!, id);
    expect([one, other].filter((each) => !isRefusal(each)).length).toBeLessThan(2);
    if (after?.state === "ACTIVE") expect([isRefusal(edited), after.params]).toEqual([true, { off: 1_000 }]);
  });
});

describe("while it is live", () => {
  test("its stock and budget are raised beyond what one may once another has approved so much", async () => {
    const id = await live();
    expect(await changeStock(kim!, { id, stock: 101 })).toMatchObject(needed);
    expect(await changeStock(kim!, { id, stock: null })).toMatchObject(needed);
    expect(await approve(kim!, id, { stock: 300 })).toMatchObject({ code: "FORBIDDEN" });
    accepted(await approve(ada!, id, { stock: 300 }));
    expect(await changeStock(ada!, { id, stock: 300 })).toMatchObject(needed);
    expect(await changeStock(kim!, { id, stock: 301 })).toMatchObject(needed);
    expect(accepted(await changeStock(kim!, { id, stock: 300 })).stock).toBe(300);
    expect(accepted(await changeStock(kim!, { id, stock: 50 })).stock).toBe(50);

    const paid = await live({ kind: "DISCOUNT", params: { basisPointsOff: 1_000, cap: 2_000 }, budget: 90_000 });
    expect(await changeBudget(kim!, { id: paid, budget: 150_000 })).toMatchObject(needed);
    accepted(await approve(ada!, paid, { budget: 150_000 }));
    expect(accepted(await changeBudget(kim!, { id: paid, budget: 150_000 })).budget).toBe(150_000);
  });

  test("where its claim links lead changes with a second person alone; to the house's own page, with one", async () => {
    const id = await live({ activeUrl: "https://shop.test/sale" });
    const repoint = (by: Context, activeUrl: string | null) => updateTemplate(by, { id, draft: { activeUrl } });
    expect(await repoint(kim!, "https://evil.test")).toMatchObject(needed);
    expect((await findTemplate(kim!, id))?.activeUrl).toBe("https://shop.test/sale");
    accepted(await approve(ada!, id, { activeUrl: "https://shop.test/spring" }));
    expect(await repoint(kim!, "https://evil.test")).toMatchObject(needed);
    expect(await repoint(ada!, "https://shop.test/spring")).toMatchObject(needed);
    expect(accepted(await repoint(kim!, "https://shop.test/spring")).activeUrl).toBe("https://shop.test/spring");
    expect(accepted(await repoint(kim!, null)).activeUrl).toBeNull();
  });

  test("more codes than one may add wait for a second person, made or uploaded", async () => {
    const id = await draft({ issueMode: "CODE", codeMode: "POOL", budget: 90_000 });
    accepted(await activate(id));
    const pool = (wanted: number) =>
      createCodePool(kim!, { template: id, wanted, idempotencyKey: crypto.randomUUID() });
    accepted(await pool(60));
    expect(await pool(41)).toMatchObject(needed);
    const path = join(tempDir(), "codes.csv");
    await Bun.write(path, Array.from({ length: 41 }, (_, i) => `PRINTED-CODE-${1_000 + i}`).join("\n"));
    const upload = () => uploadCodes(kim!, id, { name: "codes.csv", content: Bun.file(path) });
    expect(await upload()).toMatchObject(needed);
    accepted(await approve(ada!, id, { stock: 101 }));
    expect(await upload()).toMatchObject({ state: "READY", made: 41 });

    const big = await draft({ issueMode: "CODE", codeMode: "POOL", budget: 90_000 });
    accepted(await createCodePool(kim!, { template: big, wanted: 101, idempotencyKey: "big" }));
    expect(await activate(big)).toMatchObject(needed);
  });
});

test("in production claim links lead to https alone, and more than usual needs a second person", async () => {
  const ctx = { ...kim!, settings: { ...kim!.settings, httpsOnly: true } };
  const http = { ...usualTemplate, activeUrl: "http://shop.test" };
  expect(pathsOf(await createTemplate(ctx, { draft: http }))).toEqual(["activeUrl"]);
  const id = await draft({ stock: 1, activeUrl: "http://shop.test" });
  expect(pathsOf(await activateTemplate(ctx, { id }))).toEqual(["activeUrl"]);
  expect(pathsOf(await updateTemplate(ctx, { id, draft: { activeUrl: "http://other.test" } }))).toEqual(["activeUrl"]);
  const limits = (values: object, production: boolean) => {
    const { approvalStock, approvalBudget } = couponSettings.read(
      { ...values },
      { production, allowed: [], secrets: {} },
    );
    return [approvalStock, approvalBudget];
  };
  expect(limits({}, false)).toEqual([null, null]);
  expect(limits({}, true)).toEqual([100_000, 1_000_000]);
  expect(limits({ COUPON_APPROVAL_STOCK: "5" }, true)).toEqual([5, 1_000_000]);
});
