import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { isRefusal } from "../../src/errors.ts";
import { addressKey } from "../../src/member/address-no.ts";
import { saidByLink } from "../../src/member/link-consent.ts";
import { findMember } from "../../src/member/member.ts";
import { countMembers } from "../../src/member/member-search.ts";
import { wishStatements } from "../../src/member/opt-out.ts";
import { eraseMember } from "../../src/member/privacy.ts";
import { setConsent } from "../../src/member/set-consent.ts";
import { upsertMembers } from "../../src/member/upsert.ts";
import { accepted } from "../support/shop.ts";
import { openShop, type Shop } from "./context.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.db.close());

const yes = (channel: string) => [{ channel, granted: true }];
const seqOf = async (externalId: string) => (await findMember(shop.ctx, { externalId }))?.seq ?? 0;

async function arrives(item: object) {
  shop.now += 1_000;
  const outcomes = await upsertMembers(shop.ctx, [item]);
  return isRefusal(outcomes) ? outcomes.message : outcomes[0]?.kind;
}

/** How many members a channel reaches. */
async function reached(channel: string): Promise<number> {
  const audience = shop.ctx.audience.parse({ reachable: { channel } });
  if (isRefusal(audience)) throw new Error(audience.message);
  return accepted(await countMembers(shop.ctx, audience));
}

test("who unsubscribed by link, was erased and is imported again is not mailed before she says yes", async () => {
  const uma = { externalId: "uma", name: "Mrs uma", email: "uma@shop.example", consent: yes("EMAIL") };
  await arrives(uma);
  expect(await reached("EMAIL")).toBe(1);
  await saidByLink(shop.ctx, { member: await seqOf("uma"), channel: "EMAIL", topic: "*", granted: false });
  for (let times = 0; times < 2; times++) {
    await eraseMember(shop.ctx, { externalId: "uma" });
    const held = [
      await shop.db.all(sql`SELECT * FROM member, address_no`),
      await shop.db.all(sql`SELECT * FROM event`),
    ];
    expect(JSON.stringify(held)).not.toContain("uma");
    expect(await arrives(uma)).toBe("created");
    expect(await reached("EMAIL")).toBe(0);
  }
  const seq = await seqOf("uma");
  const ctx = { ...shop.ctx, actor: { kind: "member", seq, id: "m" } } as const;
  await setConsent(ctx, { member: { seq }, channel: "EMAIL", granted: true });
  await arrives({ ...uma, externalId: "uma-2" });
  expect(await reached("EMAIL")).toBe(2);
});

test("a no that the shop's own list gave outlives erasing, too; a yes said later than it counts", async () => {
  const val = { externalId: "val", email: "val@shop.example" };
  const before = await reached("EMAIL");
  await arrives({ ...val, consent: [{ channel: "EMAIL", granted: false }] });
  await eraseMember(shop.ctx, { externalId: "val" });
  await arrives({ ...val, consent: yes("EMAIL") });
  expect(await reached("EMAIL")).toBe(before);
  await arrives({ ...val, consent: [{ channel: "EMAIL", granted: true, at: new Date(shop.now).toISOString() }] });
  expect(await reached("EMAIL")).toBe(before + 1);
});

test("a number that said STOP and was erased is suppressed when it comes back, unless it said START", async () => {
  const phone = "+491510000077";
  const will = { externalId: "will", phone, consent: yes("SMS") };
  const wish = (wish: "stop" | "start") =>
    shop.db.write(
      wishStatements({ channel: "SMS", wish, phone, now: shop.now, guard: sql`1`, key: addressKey(shop.ctx, phone) }),
    );
  await arrives(will);
  await wish("stop");
  await eraseMember(shop.ctx, { externalId: "will" });
  expect(await shop.db.all(sql`SELECT * FROM suppression`)).toEqual([]);
  await arrives(will);
  expect(await shop.db.all(sql`SELECT address, reason FROM suppression`)).toEqual([
    { address: phone, reason: "stop" } as never,
  ]);
  await eraseMember(shop.ctx, { externalId: "will" });
  await wish("start");
  await arrives(will);
  expect(await reached("SMS")).toBe(1);
});

test("an address that another member has, too, stays suppressed while one of them is erased", async () => {
  const email = "both@shop.example";
  for (const externalId of ["both-1", "both-2"]) await arrives({ externalId, email, consent: yes("EMAIL") });
  await shop.db.write([sql`INSERT INTO suppression VALUES ('EMAIL', ${email}, 'complaint', 0)`]);
  await eraseMember(shop.ctx, { externalId: "both-1" });
  expect(await shop.db.all(sql`SELECT reason FROM suppression WHERE address = ${email}`)).toHaveLength(1);
});
