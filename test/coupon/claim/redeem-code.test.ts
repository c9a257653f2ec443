import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { MemberContext } from "../../../src/context.ts";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { codeTries, redeemCode } from "../../../src/coupon/claim/redeem-code.ts";
import { alphabet, isWellTyped, makeCode } from "../../../src/coupon/code/code.ts";
import { uploadCodes } from "../../../src/coupon/code/pool-upload.ts";
import { hasUploadedCodes } from "../../../src/coupon/code/uploaded.ts";
import { gateState } from "../../../src/coupon/gate/gate.ts";
import { loadGate, reconcileGates } from "../../../src/coupon/gate/reconcile.ts";
import type { Coupon } from "../../../src/coupon/table.ts";
import type { Database } from "../../../src/db/client.ts";
import { isRefusal, type Refusal } from "../../../src/errors.ts";
import { askAs, dataOf, memberEnv } from "../../support/ask.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { addTemplate } from "../../support/coupons.ts";
import { counted } from "../../support/length.ts";
import { filledPool, freeCodes } from "../../support/pools.ts";
import { accepted, closeShops, openShop, type Shop, type ShopOptions } from "../../support/shop.ts";

afterAll(closeShops);

const forCodes = { codeMode: "POOL", codePrefix: "GIFT", issueMode: "CODE" } as const;

function as({ ctx }: Shop, seq: number): MemberContext {
  return { ...ctx, actor: { kind: "member", seq, id: `m${seq}` } };
}

let tries = 0;
/** From an address of its own each time, unless told. */
const redeem = (shop: Shop, member: number, code: string, { key = `k${++tries}`, address = `a${++tries}` } = {}) =>
  redeemCode(as(shop, member), { code, idempotencyKey: key, address });

const codeOf = (answer: Coupon | Refusal) => (isRefusal(answer) ? answer.code : "REDEEMED");

/**
 * A shop that gives coupons for codes; with a Redis of its own, as without one all shops of a process count tries
 * together.
 */
async function openGifts(
  n: number,
  facts: Parameters<typeof addTemplate>[1] = {},
  { env, ...options }: ShopOptions = {},
) {
  const shop = await openShop({ env: { REDIS_URL: "", ...env }, ...options });
  await shop.members(50);
  const { id } = await addTemplate(shop.ctx, { ...forCodes, ...facts });
  await filledPool(shop.ctx, id, n);
  return { shop, id, codes: await freeCodes(shop.ctx.db, id) };
}

test("a code gives its coupon with this very code, however it is typed, and the same key gives it again", async () => {
  const { shop, id, codes } = await openGifts(5);
  const [, , code = ""] = codes;
  const typed = ` ${code.toLowerCase().replaceAll("0", "o").replaceAll("1", "l").replace("-", " – ")} `;
  const coupon = await redeem(shop, 1, typed, { key: "first" });
  expect(coupon).toMatchObject({ member: 1, template: id, code, source: "CODE", state: "AVAILABLE", number: 1 });
  expect(await redeem(shop, 1, code, { key: "first" })).toEqual(coupon);
  expect(await redeem(shop, 1, codes[0] ?? "", { key: "first" })).toMatchObject({ code: "CONFLICT" });
  expect(await freeCodes(shop.ctx.db, id)).toEqual(codes.filter((each) => each !== code));
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("a code is what it was before it was pasted: ten pastes with what nobody sees are ten coupons", async () => {
  const { shop, codes } = await openGifts(12, { perMember: 12 });
  const pastes: ((code: string) => string)[] = [
    (code) => `\u200B${code}`,
    (code) => `\u202A${code}\u202C`,
    (code) => code.replace("-", "\u2011"),
    (code) => code.replace("-", "\u2014 "),
    (code) => code.replace("-", "\u2212"),
    (code) => [...code].join("\u00AD"),
    (code) => `\u201C${code}\u201D.`,
    (code) => code.replace(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)),
    (code) => `\uFEFF${code.toLowerCase().replace("-", "")}\u00A0`,
    (code) => code.replaceAll("0", "O").replaceAll("1", "l"),
  ];
  for (const [i, paste] of pastes.entries()) {
    expect(await redeem(shop, 1, paste(codes[i] ?? ""))).toMatchObject({ code: codes[i] });
  }
});

test("a template that gives for codes has no gate: codes that are redeemed are no drift", async () => {
  const { shop, id, codes } = await openGifts(5);
  await loadGate(shop.ctx, id);
  expect(codeOf(await redeem(shop, 1, codes[0] ?? ""))).toBe("REDEEMED");
  expect(await gateState(shop.ctx.redis, id)).toBeUndefined();
  expect(await reconcileGates(shop.ctx)).toEqual([]);
});

test("one code is one coupon, though fifty members type it at once", async () => {
  const { shop, codes } = await openGifts(3);
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => redeem(shop, n + 1, codes[1] ?? "")));
  expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1);
  const refused = answers.filter(isRefusal);
  expect(new Set(refused.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("a code typed twice at once takes no number from the next one, and another key is another claim", async () => {
  const { shop, id, codes } = await openGifts(5, { perMember: 3 });
  const [a = "", b = "", c = "", d = ""] = codes;
  const answers = await Promise.all([redeem(shop, 1, a), redeem(shop, 1, a), redeem(shop, 1, b)]);
  expect(answers.map(codeOf)).toEqual(["REDEEMED", "NOT_FOUND", "REDEEMED"]);
  const key = "one key";
  const twice = await Promise.all([redeem(shop, 1, c, { key }), redeem(shop, 1, d, { key })]);
  expect(twice.map(codeOf)).toEqual(["REDEEMED", "CONFLICT"]);
  expect(codeOf(await redeem(shop, 1, d))).toBe("NOT_FOUND");
  const rows = await shop.ctx.db.all(sql`SELECT number, code FROM coupon WHERE template = ${id} ORDER BY number`);
  expect(rows).toEqual([a, b, c].map((code, n) => ({ number: n + 1, code })));
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("I4 a code is given to the second of two who type it at once when the first may have no more", async () => {
  const { shop, codes } = await openGifts(2);
  const [a = "", b = ""] = codes;
  expect(codeOf(await redeem(shop, 1, a))).toBe("REDEEMED");
  const answers = await Promise.all([redeem(shop, 1, b), redeem(shop, 2, b)]);
  expect(answers.map(codeOf)).toEqual(["NOT_FOUND", "REDEEMED"]);
});

test("a right code may be refused for what its template is to everybody: window, end, budget", async () => {
  const { shop } = await openGifts(1);
  const now = shop.ctx.clock();
  const answer = async (facts: Parameters<typeof addTemplate>[1]) => {
    const { id } = await addTemplate(shop.ctx, { ...forCodes, ...facts });
    await filledPool(shop.ctx, id, 1);
    if (facts?.closesAt) shop.pass(facts.closesAt - now);
    return codeOf(await redeem(shop, 2, (await freeCodes(shop.ctx.db, id))[0] ?? ""));
  };
  expect(await answer({ opensAt: now + 60_000 })).toBe("NOT_STARTED");
  expect(await answer({ closesAt: now + 1_000 })).toBe("ENDED");
  expect(await answer({ budget: 500, maxDiscount: 1_000 })).toBe("SOLD_OUT");
});

test("a member who may have none or no more cannot tell a right code from a wrong one", async () => {
  const { shop, codes } = await openGifts(3);
  const forSome = await addTemplate(shop.ctx, { ...forCodes, eligibility: { level: { gte: 2 } } });
  await filledPool(shop.ctx, forSome.id, 1);
  expect(codeOf(await redeem(shop, 1, codes[0] ?? ""))).toBe("REDEEMED");
  const right = [codes[1] ?? "", (await freeCodes(shop.ctx.db, forSome.id))[0] ?? ""];
  const wrong = await redeem(shop, 1, makeCode("GIFT"));
  expect(codeOf(wrong)).toBe("NOT_FOUND");
  for (const code of right) expect(await redeem(shop, 1, code)).toEqual(wrong);
  expect(codeOf(await redeem(shop, 2, right[0] ?? ""))).toBe("REDEEMED");
});

/** The shop with a database that counts what it is asked. */
function counting(shop: Shop): { shop: Shop; queries: () => number } {
  let n = 0;
  const db = new Proxy(shop.ctx.db, {
    get: (target, name: keyof Database) => {
      if (name === "all" || name === "first" || name === "write" || name === "orm") n++;
      return target[name];
    },
  });
  return { shop: { ...shop, ctx: { ...shop.ctx, db } }, queries: () => n };
}

test("unknown, mistyped, used and others' codes are refused alike, what can be one after the same work", async () => {
  const { shop, codes } = await openGifts(4);
  const [used = "", mine = ""] = codes;
  await redeem(shop, 1, used);
  await redeem(shop, 2, mine);
  const claimed = await addTemplate(shop.ctx, { codeMode: "POOL" });
  await filledPool(shop.ctx, claimed.id, 2);
  const given = await claimCoupon(as(shop, 3), { template: claimed.id, idempotencyKey: "c" });
  const made = await addTemplate(shop.ctx, { codeMode: "ON_CLAIM" });
  const onClaim = await claimCoupon(as(shop, 3), { template: made.id, idempotencyKey: "o" });
  const draft = await addTemplate(shop.ctx, { ...forCodes, state: "DRAFT" });
  await filledPool(shop.ctx, draft.id, 1);
  if (isRefusal(given) || isRefusal(onClaim)) throw new Error("refused");
  const free = codes[2] ?? "";
  const wrong = [
    makeCode("GIFT"),
    used,
    mine,
    `${free.slice(0, -2)}${alphabet[(alphabet.indexOf(free.at(-2) ?? "") + 1) % 32]}${free.at(-1)}`,
    free.slice(0, -1),
    given.code ?? "",
    onClaim.code ?? "",
    (await freeCodes(shop.ctx.db, claimed.id))[0] ?? "",
    (await freeCodes(shop.ctx.db, draft.id))[0] ?? "",
    free,
    "",
    "'; DROP TABLE coupon; --",
    "9".repeat(100_000),
    "\u0000\ud800",
  ];
  const answers = new Set<string>();
  const work = { wellTyped: new Set<number>(), mistyped: new Set<number>() };
  await hasUploadedCodes(shop.ctx); // asked once a second for all
  for (const [n, code] of wrong.entries()) {
    const counted = counting(shop);
    answers.add(JSON.stringify(await redeem(counted.shop, code === free ? 2 : 2 + (n % 2), code)));
    work[isWellTyped(code) ? "wellTyped" : "mistyped"].add(counted.queries());
  }
  expect([...answers]).toEqual([expect.stringContaining('"code":"NOT_FOUND"')]);
  expect(work.wellTyped.size).toBe(1);
  expect([...work.mistyped]).toEqual([0]);
  expect(codeOf(await redeem(shop, 5, free))).toBe("REDEEMED");
});

test("codes that were uploaded need no check symbol, from the moment on that they are there", async () => {
  const { shop } = await openGifts(1);
  expect(codeOf(await redeem(shop, 1, "OLD-SHOP-2026-A"))).toBe("NOT_FOUND");
  const { id } = await addTemplate(shop.ctx, forCodes);
  accepted(await uploadCodes(shop.ctx, id, { name: "old.txt", content: new Blob(["OLD-SHOP-2026-A\n"]) }));
  expect(await redeem(shop, 1, "old shop 2026 a")).toMatchObject({ code: "OLD-SHOP-2026-A", template: id });
});

const guesses = counted(1_000, 10_000);

test.each([{ REDIS_URL: "" }, { REDIS_URL: "none" }])(
  "thousands of guesses of one member gain nothing: ten are refused alike, the rest by the limit: %p",
  async (env) => {
    const { shop, id } = await openGifts(1_000, {}, { env });
    const counts: Record<string, number> = {};
    const texts = new Set<string>();
    const guess = async () => {
      const answer = await redeem(shop, 50, makeCode("GIFT"));
      counts[codeOf(answer)] = (counts[codeOf(answer)] ?? 0) + 1;
      if (isRefusal(answer) && answer.code === "NOT_FOUND") texts.add(answer.message);
    };
    for (let n = 0; n < guesses; n += 100) await Promise.all(Array.from({ length: 100 }, guess));
    expect(counts.REDEEMED).toBeUndefined();
    expect(counts.NOT_FOUND).toBeGreaterThanOrEqual(codeTries.perMember.limit);
    expect(counts.NOT_FOUND).toBeLessThan(codeTries.perMember.limit + 5);
    expect(counts.NOT_FOUND! + counts.RATE_LIMITED!).toBe(guesses);
    expect(texts.size).toBe(1);
    expect(await freeCodes(shop.ctx.db, id)).toHaveLength(1_000);
    shop.pass(codeTries.perMember.periodSeconds * 1_000);
    expect(codeOf(await redeem(shop, 50, (await freeCodes(shop.ctx.db, id))[0] ?? ""))).toBe("REDEEMED");
  },
  60_000,
);

test(`${guesses} guesses of a thousand members from as many addresses are refused alike and gain nothing`, async () => {
  const { shop, id } = await openGifts(1_000);
  await shop.members(950);
  const answers = new Set<string>();
  for (let member = 1; member <= 1_000; member += 10) {
    const some = Array.from({ length: guesses / 100 }, (_, n) =>
      redeem(shop, member + (n % 10), makeCode("GIFT"), { address: `b${member + (n % 10)}` }),
    );
    for (const answer of await Promise.all(some)) answers.add(JSON.stringify(answer));
  }
  expect([...answers]).toEqual([expect.stringContaining('"code":"NOT_FOUND"')]);
  expect(await freeCodes(shop.ctx.db, id)).toHaveLength(1_000);
}, 60_000);

test("many members at one address share its limit; a success that is repeated is not stopped by it", async () => {
  const { shop, codes } = await openGifts(2);
  const coupon = await redeem(shop, 1, codes[0] ?? "", { key: "mine", address: "office" });
  const answers: string[] = [];
  for (let n = 0; n < 120; n++)
    answers.push(codeOf(await redeem(shop, 2 + (n % 40), "NOSUCHCODE", { address: "office" })));
  expect(answers.filter((code) => code === "NOT_FOUND").length).toBeLessThan(codeTries.perAddress.limit + 3);
  expect(answers.at(-1)).toBe("RATE_LIMITED");
  expect(await redeem(shop, 1, codes[0] ?? "", { key: "mine", address: "office" })).toEqual(coupon);
  expect(codeOf(await redeem(shop, 49, codes[1] ?? ""))).toBe("REDEEMED");
});

const mutation = `mutation ($input: RedeemCodeInput!) { redeemCode(input: $input) {
  __typename ... on Coupon { code } ... on Refusal { message } } }`;

test("I16 over HTTP the address is counted, and neither logs nor answers hold a code", async () => {
  const lines: string[] = [];
  const log = (...line: unknown[]) => void lines.push(JSON.stringify(line));
  const { shop, id, codes } = await openGifts(3, {}, { env: memberEnv, log });
  const [code = "", ended = ""] = codes;
  const ask = async (member: number, input: object) =>
    dataOf(await askAs(shop, member, mutation, { input: { idempotencyKey: crypto.randomUUID(), ...input } }))
      .redeemCode;
  expect(await ask(1, { code })).toEqual({ __typename: "Coupon", code });
  const refused = await ask(2, { code });
  expect(refused.__typename).toBe("NotFound");
  expect(await ask(2, { code: makeCode("GIFT") })).toEqual(refused);
  await shop.ctx.db.write([sql`UPDATE coupon_template SET state = 'ENDED' WHERE id = ${id}`]);
  expect((await ask(3, { code: ended })).__typename).not.toBe("Coupon");
  const guesses = Array.from({ length: codeTries.perAddress.limit + 5 }, (_, n) =>
    ask(4 + (n % 40), { code: "NOSUCHCODE" }),
  );
  const answers = await Promise.all(guesses);
  expect(answers.map(({ __typename }) => __typename)).toContain("RateLimited");
  const said = lines.join("\n");
  expect(said).toContain("codeHash");
  for (const each of codes) expect(said).not.toContain(each.slice(5));
});
