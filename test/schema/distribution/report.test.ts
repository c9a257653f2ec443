import { afterAll, expect, test } from "bun:test";
import { createToken } from "../../../src/operations/token.ts";
import { addTemplate } from "../../support/coupons.ts";
import { checked } from "../../support/distributions.ts";
import { idOf } from "../../support/operators.ts";
import { rowsOfCsv } from "../../support/reports.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";

afterAll(closeShops);

async function take({ app, ctx }: Shop, path: string, role: "viewer" | "editor", headers: Record<string, string> = {}) {
  const made = await createToken(ctx, { kind: "operator", name: `${role} ${crypto.randomUUID()}`, role });
  if (!("token" in made)) throw new Error("no token");
  return fetch(`${app.url}/distributions/${path}`, { headers: { ...headers, authorization: `Bearer ${made.token}` } });
}

test("a report is taken as CSV or XLSX by editors, in their language, and one that is none is refused", async () => {
  const shop = await openShop();
  const template = (await addTemplate(shop.ctx, { issueMode: "SYSTEM" })).id;
  const { id } = await checked(shop.ctx, "externalId\nnobody\n", { template });
  const at = encodeURIComponent(idOf("Distribution", id));

  const csv = await take(shop, `${at}/report.csv`, "editor", { "accept-language": "zh-CN" });
  expect([csv.status, csv.headers.get("content-disposition")]).toEqual([
    200,
    `attachment; filename="distribution-${id}-prediction.csv"`,
  ]);
  expect(rowsOfCsv(await csv.text())[1]).toEqual([
    ...["nobody", "会员不存在", "第2行，A (externalId)列", "没有这样的会员。"],
    "请改正该单元格或先添加会员，再作为后续文件上传。",
  ]);
  const xlsx = await take(shop, `${at}/report.xlsx?language=en`, "editor");
  expect(xlsx.headers.get("content-type")).toContain("spreadsheetml");
  expect(
    Buffer.from(await xlsx.arrayBuffer())
      .subarray(0, 4)
      .toString("latin1"),
  ).toBe("PK\x03\x04");

  expect((await take(shop, `${at}/report.csv`, "viewer")).status).toBe(403);
  expect((await take(shop, `${at}/report.pdf`, "editor")).status).toBe(404);
  const none = await take(shop, `${encodeURIComponent(idOf("Distribution", 99))}/report.csv`, "editor");
  expect([none.status, (await none.json()).errors[0].message]).toEqual([404, "There is no distribution 99."]);
});
