import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { createCampaign } from "../src/campaign/draft/campaign.ts";
import { lockCoupons } from "../src/checkout/order/lock.ts";
import { createTemplate } from "../src/coupon/template/edit.ts";
import { EnvError, readEnv } from "../src/env.ts";
import { isRefusal, issuesOf } from "../src/errors.ts";
import { parseInput } from "../src/input.ts";
import { checkItem } from "../src/member/member-item.ts";
import { createPromotion } from "../src/promotion/promotion.ts";
import { closeLedgers, type Ledger, openLedger } from "./support/light.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
});
afterAll(closeLedgers);

/** How zod speaks; people read none of it. */
const zods = /Invalid|expected|received|Too (small|big)|Unrecognized|NaN|undefined|must match/;

const nonsense = [undefined, null, 7, -1.5, "", "x", [], {}, { nonsense: true }, "y".repeat(3_000), Number.NaN];

function faultsOf(answer: unknown): readonly { path: string; message: string }[] {
  return typeof answer === "object" && answer !== null && isRefusal(answer) ? issuesOf(answer) : [];
}

test("whatever is wrong with an input is said in the house's words, never in zod's", async () => {
  const { ctx } = ledger;
  // biome-ignore lint/suspicious/noExplicitAny: what no caller of ours could send is the point
  const any = (value: unknown): any => value;
  const said: { path: string; message: string }[] = [];
  const item = { email: 1, phone: "x", locale: 2, timeZone: "x", level: 1.5, points: "1", birthday: "x", control: 1 };
  for (const value of nonsense) {
    const member = checkItem({ ...item, externalId: value, tags: value, consent: [value], attributes: value });
    said.push(...(Array.isArray(member) ? member : []));
    const draft = {
      name: value,
      kind: "INSTANT",
      params: { off: value },
      currency: value,
      stock: value,
      validity: { days: value, hours: value },
    };
    said.push(...faultsOf(await createTemplate(ctx, any({ draft }))));
    said.push(
      ...faultsOf(await createCampaign(ctx, any({ name: value, channels: [value], audience: value, reach: value }))),
    );
    said.push(...faultsOf(await createPromotion(ctx, any({ name: value, startsAt: value, rule: value }))));
    const cart = { currency: value, lines: [{ id: value, goods: value, unitPrice: value, quantity: value }, value] };
    said.push(...faultsOf(await lockCoupons(ctx, any({ orderId: value, member: { seq: 1 }, cart, couponIds: value }))));
    for (const { name } of ctx.audience.terms) said.push(...faultsOf(ctx.audience.parse({ [name]: value })));
  }
  expect(said.length).toBeGreaterThan(300);
  expect(said.filter(({ message }) => zods.test(message))).toEqual([]);
  expect(said.filter(({ message }) => message.length > 300)).toEqual([]);
});

test("all faults are said at once, each with its place and what was given", () => {
  const Order = z.strictObject({
    name: z.string().min(2),
    many: z.int().max(9),
    kind: z.enum(["A", "B"]),
    on: z.boolean(),
  });
  const refused = parseInput(Order, { name: "", many: 12, kind: "C", off: 1 }, ["order"]);
  expect(faultsOf(refused).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "order.name: must have at least 2 characters",
    "order.many: must be at most 9",
    "order.kind: must be one of A, B",
    "order.on: is missing",
    "order: has no `off`; is a name mistyped?",
  ]);
});

test("the environment's faults speak alike, all at once", () => {
  const source = {
    PORT: "eighty",
    SHOP_TIME_ZONE: "Mars/Base",
    TRUST_PROXY: "perhaps",
    LOG_LEVEL: "loud",
    QUEUE_RETRIES: "1000",
  };
  const thrown = (() => {
    try {
      return readEnv(source);
    } catch (error) {
      return error;
    }
  })();
  expect(thrown instanceof EnvError ? thrown.faults.toSorted() : thrown).toEqual([
    "LOG_LEVEL: must be one of debug, info, warn, error, silent",
    'PORT: "eighty" is no whole number: write digits alone, e.g. 12',
    "QUEUE_RETRIES: must be at most 100",
    'SHOP_TIME_ZONE: "Mars/Base" is no time zone: take an IANA name like Europe/Berlin',
    "TRUST_PROXY: must be yes or no (true or false, 1 or 0)",
  ]);
});
