import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isRefusal } from "../../src/errors.ts";
import { explainAudience } from "../../src/member/estimate.ts";
import {
  createSegment,
  deleteSegment,
  getSegment,
  listSegments,
  type Segment,
  updateSegment,
} from "../../src/member/segment.ts";
import { openShop, type Shop } from "./context.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.db.close());

async function made(name: string, filter: unknown = { level: { gte: 3 } }): Promise<Segment> {
  const segment = await createSegment(shop.ctx, { name, filter });
  if (isRefusal(segment)) throw new Error(segment.message);
  return segment;
}

describe("a segment", () => {
  test("keeps its filter as it was given", async () => {
    const { id } = await made("VIP", { and: [{ tag: { has: "vip" } }, { level: { gte: 3 } }] });
    expect(await getSegment(shop.ctx, id)).toMatchObject({
      name: "VIP",
      filter: { and: [{ tag: { has: "vip" } }, { level: { gte: 3 } }] },
    });
  });

  test("is refused with the place of the fault when its filter is faulty", async () => {
    const refusal = await createSegment(shop.ctx, { name: "x", filter: { not: { level: { gte: "3" } } } });
    expect(refusal).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "filter.not.level.gte" }] });
  });

  test("has a name of its own", async () => {
    const first = await made("first");
    const second = await made("second");
    expect(await createSegment(shop.ctx, { name: " first ", filter: { control: true } })).toMatchObject({
      code: "CONFLICT",
    });
    expect(await updateSegment(shop.ctx, { id: second.id, name: "first" })).toMatchObject({
      code: "CONFLICT",
    });
    expect(await updateSegment(shop.ctx, { id: first.id, name: "other", filter: { control: true } })).toMatchObject({
      name: "other",
      filter: { control: true },
    });
  });

  test("is listed, the newest first, and gone when deleted", async () => {
    const { id } = await made("gone soon");
    expect((await listSegments(shop.ctx, { limit: 100 }))[0]).toMatchObject({ id });
    expect((await listSegments(shop.ctx, { after: id, limit: 100 })).map((each) => each.id)).not.toContain(id);
    expect(await deleteSegment(shop.ctx, id)).toMatchObject({ name: "gone soon" });
    expect(await deleteSegment(shop.ctx, id)).toMatchObject({ code: "NOT_FOUND" });
    expect(await updateSegment(shop.ctx, { id, name: "back" })).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a filter says whether an index serves it", () => {
  test.each([
    [{ level: { gte: 3 } }, true],
    [{ tag: { any: ["a", "b"] } }, true],
    [{ email: { eq: "a@b.example" } }, true],
    [{ and: [{ attribute: { path: "a", eq: 1 } }, { registeredAt: { inLastDays: 3 } }] }, true],
    [{ or: [{ level: { eq: 3 } }, { tag: { all: ["a", "b"] } }] }, true],
    [{ email: { contains: "a" } }, false],
    [{ not: { tag: { has: "a" } } }, false],
    [{ or: [{ level: { eq: 3 } }, { sample: { percent: 1, seed: "s" } }] }, false],
  ] as const)("%j: %p", async (filter, usesIndex) => {
    const audience = shop.ctx.audience.parse(filter);
    if (isRefusal(audience)) throw new Error(audience.message);
    expect(explainAudience(audience)).toMatchObject({ usesIndex });
  });
});
