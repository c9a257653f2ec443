import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { askAs, dataOf, memberEnv } from "../../support/ask.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ env: memberEnv });
  await shop.members(40);
});
afterAll(closeShops);

const next = async (n: number) => dataOf(await askAs(shop, n, "{ nextPopup { id title priority } }")).nextPopup;
const shown = async (n: number, id: string) => {
  const claim = "mutation ($id: ID!) { popupShown(input: { popupId: $id }) { __typename ... on Refusal { message } } }";
  return dataOf(await askAs(shop, n, claim, { id })).popupShown.__typename;
};
const popup = async (title: string, more: object = {}) => {
  const run = await shop.launched({
    channels: ["POPUP"],
    content: { POPUP: { default: { title, body: "b" } } },
    ...more,
  });
  await shop.becomes(run, "COMPLETED");
  return run;
};

test("popups come by priority, then newest first; one that was shown or has expired comes no more", async () => {
  await popup("plain");
  await popup("urgent", { popupPriority: 10 });
  await popup("brief", { popupPriority: 20, endsAt: shop.ctx.clock() + 60_000 });
  expect((await next(1)).title).toBe("brief");
  const brief = await next(2);
  await shop.ctx.db.write([sql`UPDATE popup SET expires_at = ${shop.ctx.clock()} WHERE expires_at IS NOT NULL`]);
  expect(await shown(2, brief.id)).toBe("WrongState");
  const urgent = await next(1);
  expect(urgent).toMatchObject({ title: "urgent", priority: 10 });
  expect(await shown(1, urgent.id)).toBe("Popup");
  expect((await next(1)).title).toBe("plain");
  expect((await next(2)).title).toBe("urgent");
});

test("of 50 devices that claim a popup at once, one shows it", async () => {
  await popup("once", { popupPriority: 30 });
  const { id } = await next(33);
  const answers = await Promise.all(Array.from({ length: 50 }, () => shown(33, id)));
  expect(answers.filter((answer) => answer === "Popup")).toHaveLength(1);
  expect(answers.filter((answer) => answer === "WrongState")).toHaveLength(49);
});

test("I15 a popup of someone else cannot be claimed", async () => {
  const filter = { externalId: { eq: "x34" } };
  await popup("private", { audience: { filter }, popupPriority: 40 });
  const { id, title } = await next(34);
  expect(title).toBe("private");
  expect(await shown(35, id)).toBe("NotFound");
  expect(await shown(34, id)).toBe("Popup");
});

test("a popup of a cancelled run does not come any more", async () => {
  const run = await popup("mistaken", { popupPriority: 50 });
  expect((await next(36)).title).toBe("mistaken");
  await shop.ctx.db.write([sql`UPDATE run SET state = 'CANCELLED' WHERE id = ${run}`]);
  expect((await next(36)).title).toBe("once");
});
