import { afterAll, expect, test } from "bun:test";
import { templatesToShow } from "../../../src/coupon/wallet/template-cache.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";

afterAll(closeLedgers);

test("what is known and asked for beside the unknown is there, however much is to be forgotten", async () => {
  const { ctx } = await openLedger();
  const [one, other] = [await addTemplate(ctx), await addTemplate(ctx)];
  await templatesToShow(ctx, [one.id]);
  const others = Array.from({ length: 5_000 }, (_, i) => 1_000 + i);
  await templatesToShow(ctx, others);
  const found = await templatesToShow(ctx, [one.id, other.id]);
  expect(found.map((template) => template?.id)).toEqual([one.id, other.id]);
});
