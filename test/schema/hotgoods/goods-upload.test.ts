import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import type { Actor } from "../../../src/actor.ts";
import type { Context } from "../../../src/context.ts";
import { files } from "../../../src/domains.ts";
import { listGoods } from "../../../src/hotgoods/goods.ts";
import { bytesIn } from "../../support/encoded.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { tempDir } from "../../support/temp.ts";

let ctx: Context;
beforeAll(async () => {
  ctx = (await openLedger()).ctx;
});
afterAll(closeLedgers);

const dir = tempDir();
const approver = { kind: "operator", id: 1, operator: 1, name: "Ada", role: "approver", shop: "" } as const;

async function send(body: BodyInit, { query = "", actor = approver }: { query?: string; actor?: Actor } = {}) {
  const handler = files["hot-goods"]?.({
    signIn: async () => ({ actor }),
    contextFor: () => ({ ...ctx, actor }),
    id: ctx.id,
    dir,
    limitRequest: async () => undefined,
    addressOf: () => "a",
    leaving: new AbortController().signal,
    timers: ctx.timers,
  });
  const url = `http://127.0.0.1/hot-goods${query}`;
  const request = new Request(url, { method: "POST", body, headers: { "content-type": "text/csv" } });
  const answer = await handler?.(request, { timeout: () => {}, requestIP: () => null } as never);
  return { status: answer?.status, body: (await answer?.json()) as Readonly<Record<string, unknown>> };
}

const pathsOf = ({ body }: Awaited<ReturnType<typeof send>>) => {
  const [error] = body.errors as { extensions: { issues: { path: string }[] } }[];
  return error?.extensions.issues.map(({ path }) => path);
};

test("a file of goods is taken whole, with filters as operators write them, in its country's encoding", async () => {
  const persona = { and: [{ level: { gte: 3 } }, { registeredAt: { lt: "2026-01-01T00:00:00Z" } }] };
  const cell = `"${JSON.stringify(persona).replaceAll('"', '""')}"`;
  const text = `date,goods,name,persona,priority\n2099-12-24,t1,绿茶,${cell},7\n2099-12-25,t2,红茶,,\n`;
  for (const _ of [1, 2])
    expect(await send(bytesIn("gb18030", text), { query: "?name=tea.csv&shop=B7&encoding=gb18030" })).toEqual({
      status: 200,
      body: { hotGoods: { file: "tea.csv", rows: 2, days: ["2099-12-24", "2099-12-25"], withoutPersona: 1 } },
    });
  const goods = await listGoods(ctx, { shop: "B7", limit: 10 });
  expect(goods.map(({ name, priority, state }) => [name, priority, state])).toEqual([
    ["红茶", 0, "PLANNED"],
    ["绿茶", 7, "PLANNED"],
  ]);
  expect(goods[1]?.persona).toEqual(persona);
  expect(await readdir(dir)).toEqual([]);
});

test("of a file with a fault nothing is written; the answer names the places", async () => {
  const faulty = await send('date,goods,name,persona\n2099-12-24,a,A,"{""level"":{""gt"":1}}"\n2099-02-30,b,,\n');
  expect([faulty.status, pathsOf(faulty)]).toEqual([422, ["3:date", "3:name"]]);
  const many = `date,goods,name\n${Array.from({ length: 5_001 }, (_, i) => `2099-12-24,g${i},G\n`).join("")}`;
  expect((await send(many)).status).toBe(422);
  expect(await listGoods(ctx, { shop: "", limit: 10 })).toEqual([]);
});

test("another shop's goods are no business of a shop's own approver", async () => {
  const actor = { ...approver, shop: "A" };
  const text = "date,goods,name\n2099-12-24,a,A\n";
  expect(pathsOf(await send(text, { query: "?shop=B", actor }))).toEqual(["shop"]);
  expect((await send(text, { actor })).status).toBe(200);
  expect((await listGoods(ctx, { shop: "A", limit: 10 })).map(({ shop }) => shop)).toEqual(["A"]);
});
