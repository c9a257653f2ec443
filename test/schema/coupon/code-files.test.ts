import { afterAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { sql } from "drizzle-orm";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { makeCode, makeCodes } from "../../../src/coupon/code/code.ts";
import { poolFaults } from "../../../src/coupon/code/pool.ts";
import { uploadCodes } from "../../../src/coupon/code/pool-upload.ts";
import { isRefusal } from "../../../src/errors.ts";
import { createToken } from "../../../src/operations/token.ts";
import { couponSums } from "../../support/coupon-sums.ts";
import { addTemplate } from "../../support/coupons.ts";
import { bytesIn } from "../../support/encoded.ts";
import { idOf } from "../../support/operators.ts";
import { filledPool, freeCodes, poolOf } from "../../support/pools.ts";
import { accepted, closeShops, openShop, type Shop, type ShopOptions } from "../../support/shop.ts";

afterAll(closeShops);

async function openPooled(options: ShopOptions = {}) {
  const shop = await openShop(options);
  const { id } = await addTemplate(shop.ctx, { codeMode: "POOL" });
  return { shop, id };
}

async function tokenOf({ ctx }: Shop, role: "viewer" | "editor" | "admin"): Promise<string> {
  const made = await createToken(ctx, { kind: "operator", name: `${role} ${crypto.randomUUID()}`, role });
  if (!("token" in made)) throw new Error("no token");
  return made.token;
}

const send = (shop: Shop, template: number, text: string, headers?: { type?: string; token?: string }) =>
  post(shop, idOf("CouponTemplate", template), text, headers);

async function post(shop: Shop, template: string, text: string, { type = "text/csv", token = "" } = {}) {
  const headers = { authorization: `Bearer ${token || (await tokenOf(shop, "editor"))}`, "content-type": type };
  const url = `${shop.app.url}/code-pools?template=${encodeURIComponent(template)}&name=codes.csv`;
  const response = await fetch(url, { method: "POST", headers, body: text });
  return { status: response.status, body: await response.json() };
}

async function take(shop: Shop, pool: number, token?: string) {
  const headers = { authorization: `Bearer ${token ?? (await tokenOf(shop, "admin"))}` };
  const response = await fetch(`${shop.app.url}/code-pools/${idOf("CodePool", pool)}/codes.csv`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test("a file of lines is a pool: what it holds is stock, what gives no code is named by line, not shown", async () => {
  const { shop, id } = await openPooled();
  const known = await addTemplate(shop.ctx, { codeMode: "ON_CLAIM" });
  await shop.members(2);
  const held = await claimCoupon(
    { ...shop.ctx, actor: { kind: "member", seq: 1, id: "m" } },
    { template: known.id, idempotencyKey: "k" },
  );
  if (isRefusal(held)) throw new Error("refused");
  const lines = [
    "SUMMER-0001",
    "summer-0002",
    "SUMMER-OOO1",
    "",
    "short-1",
    "x".repeat(65),
    "=HYPER(1234)",
    held.code,
    "  SUMMER-0003  ",
  ];
  const { status, body } = await send(shop, id, lines.join("\r\n"));
  expect(status).toBe(200);
  expect(body.pool).toMatchObject({ state: "READY", file: "codes.csv", rows: 9, codes: 3, refused: 5 });
  expect(body.pool.firstFaults).toEqual([
    { line: 3, reason: "DUPLICATE" },
    { line: 5, reason: "TOO_SHORT" },
    { line: 6, reason: "TOO_LONG" },
    { line: 7, reason: "MALFORMED" },
    { line: 8, reason: "DUPLICATE" },
  ]);
  expect(await freeCodes(shop.ctx.db, id)).toEqual(["SUMMER-0001", "summer-0002", "SUMMER-0003"]);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
  expect(await poolOf(shop.ctx.db, 1)).toEqual({ state: "READY", made: 3, wanted: 3 });
  const again = await send(shop, id, lines.join("\n"));
  expect(again.body.pool).toMatchObject({ codes: 0, refused: 8 });
});

test("a CSV with a header is read by its column `code`, and 5,000 rows are one pool", async () => {
  const { shop, id } = await openPooled();
  const codes = makeCodes("UP", 5_000);
  const csv = ["note;Code;x", ...codes.map((code, n) => `"n; ${n}";${code};1`)].join("\n");
  const { body } = await send(shop, id, csv);
  expect(body.pool).toMatchObject({ state: "READY", codes: 5_000, refused: 0, rows: 5_001 });
  expect(await freeCodes(shop.ctx.db, id)).toEqual(codes);
});

test("a row that is no CSV is told by its line, and the codes of all others are taken, however lines end", async () => {
  const { shop, id } = await openPooled();
  const { body } = await send(shop, id, 'GOODCODE1\rGOODCODE2\r\n"never closed\n,\n\nGOODCODE3');
  expect(body.pool).toMatchObject({ state: "READY", codes: 3, rows: 6, refused: 1, encoding: "utf-8" });
  expect(body.pool.firstFaults).toEqual([{ line: 3, reason: "NOT_CSV" }]);
  expect(await freeCodes(shop.ctx.db, id)).toEqual(["GOODCODE1", "GOODCODE2", "GOODCODE3"]);
  expect(await couponSums(shop.ctx.db)).toEqual([]);
});

test("a file of codes from a Chinese Excel is read, and codes that it rounded are told", async () => {
  const { shop, id } = await openPooled();
  const csv = bytesIn("gb18030", "备注,code\n王伟,GOODCODE1\n上海,4.00639E+12\n");
  const taken = accepted(await uploadCodes(shop.ctx, id, { name: "codes.csv", content: new Blob([csv]) }));
  expect(taken).toMatchObject({ made: 1, refused: 1, encoding: "gb18030", encodingGuessed: true });
  expect(await poolFaults(shop.ctx, taken.id)).toEqual([{ line: 3, reason: "MALFORMED" }]);
});

test("an upload that was cut off goes on with the same file where it stopped; two at once are one", async () => {
  const { shop, id } = await openPooled();
  const { ctx } = shop;
  const text = makeCodes("UP", 9_000).join("\n");
  const file = { name: "codes.csv", content: new Blob([text]) };
  let writes = 0;
  // The connection to the database is lost for good after two chunks.
  const failing = {
    ...ctx,
    db: new Proxy(ctx.db, {
      get: (target, name: keyof typeof ctx.db) => {
        if (name === "transaction" && ++writes > 3) throw new Error("gone");
        return target[name];
      },
    }),
  };
  expect(await uploadCodes(failing, id, file).catch(({ message }) => message)).toBe("gone");
  expect(await poolOf(ctx.db, 1)).toEqual({ state: "FILLING", made: 4_000, wanted: null });
  const both = await Promise.all([uploadCodes(ctx, id, file), uploadCodes(ctx, id, file)]);
  for (const answer of both) if (isRefusal(answer)) expect(answer.code).toBe("CONFLICT");
  expect(await poolOf(ctx.db, 1)).toEqual({ state: "READY", made: 9_000, wanted: 9_000 });
  expect(await couponSums(ctx.db)).toEqual([]);
});

test("an admin takes a pool's codes out with their state; who did is written and logged, without a code", async () => {
  const lines: string[] = [];
  const { shop, id } = await openPooled({ log: (...line) => void lines.push(JSON.stringify(line)) });
  await shop.members(2);
  const pool = await filledPool(shop.ctx, id, 12_000);
  const given = await claimCoupon(
    { ...shop.ctx, actor: { kind: "member", seq: 1, id: "m" } },
    { template: id, idempotencyKey: "k" },
  );
  if (isRefusal(given)) throw new Error("refused");
  const taken = await take(shop, pool);
  expect(taken.status).toBe(200);
  expect(taken.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(taken.headers.get("content-disposition")).toContain("attachment");
  expect(taken.headers.get("cache-control")).toBe("no-store");
  const rows = taken.text.trim().split("\n");
  expect(rows).toHaveLength(12_001);
  expect(rows.slice(0, 2)).toEqual(["code,state", `${given.code},GIVEN`]);
  expect(rows.filter((row) => row.endsWith(",FREE")).map((row) => row.split(",")[0])).toEqual(
    await freeCodes(shop.ctx.db, id),
  );
  const exported = await shop.ctx.db.first(
    sql`SELECT pool, codes, actor GLOB 'operator admin *' AS named FROM code_pool_export`,
  );
  expect(exported).toEqual({ pool, codes: 12_000, named: 1 });
  const said = lines.filter((line) => line.includes("codes.exported"));
  expect(said).toEqual([expect.stringContaining('"count":12000')]);
  expect(lines.join()).not.toContain(String(given.code).slice(0, -1));
});

test("who may not, what is no file, and templates that take no pool are refused by their names", async () => {
  const { shop, id } = await openPooled();
  const pool = await filledPool(shop.ctx, id, 1);
  const viewer = await tokenOf(shop, "viewer");
  const editor = await tokenOf(shop, "editor");
  expect((await send(shop, id, "GOODCODE1", { token: viewer })).status).toBe(403);
  expect((await take(shop, pool, editor)).status).toBe(403);
  expect((await take(shop, pool, "")).status).toBe(401);
  expect((await take(shop, 99)).status).toBe(404);
  expect((await send(shop, id, "GOODCODE1", { type: "text/plain" })).status).toBe(415);
  expect((await post(shop, String(id), "GOODCODE1")).status).toBe(400);
  expect((await send(shop, 99, "GOODCODE1")).status).toBe(404);
  const plain = await addTemplate(shop.ctx);
  expect(await send(shop, plain.id, "GOODCODE1")).toMatchObject({
    status: 422,
    body: { errors: [{ extensions: { code: "INVALID_INPUT" } }] },
  });
  expect(await fetch(`${shop.app.url}/code-pools/other`).then(({ status }) => status)).toBe(404);
  expect(readdirSync(join(dirname(shop.sandboxPath), "imports"))).toEqual([]);
});

test("an export sent in again is a pool of nothing new here, and a whole one elsewhere", async () => {
  const { shop, id } = await openPooled();
  const pool = await filledPool(shop.ctx, id, 300);
  const { text } = await take(shop, pool);
  expect((await send(shop, id, text)).body.pool).toMatchObject({ codes: 0, refused: 300 });
  const elsewhere = await openPooled();
  expect((await send(elsewhere.shop, elsewhere.id, text)).body.pool).toMatchObject({ codes: 300, refused: 0 });
  expect(accepted(await uploadCodes(shop.ctx, id, { name: "one", content: new Blob([makeCode("")]) }))).toMatchObject({
    made: 1,
  });
});
