import { afterAll, beforeAll, expect, test } from "bun:test";
import { askAdmin, dataOf } from "../../support/ask.ts";
import { addTemplate } from "../../support/coupons.ts";
import { hire } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(closeShops);

const fields = `id template { id } source state file refused createdBy exportUrl
  progress { state done total perSecond etaSeconds }
  faults { line reason } exports { actor codes at }`;
const globalId = (template: number) => btoa(`CouponTemplate:${template}`);
const refusal = "... on Refusal { refusal message }";

const act = async (name: string, input: object) =>
  dataOf(
    await askAdmin(
      shop,
      `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename
        ... on CodePool { ${fields} } ${refusal} } }`,
      { input },
    ),
  )[name];

test("a pool is made, read and listed over the API", async () => {
  const { id } = await addTemplate(shop.ctx, { codeMode: "POOL" });
  const input = { templateId: globalId(id), codes: 12_000, idempotencyKey: "pool 1" };
  const pool = await act("createCodePool", input);
  expect(pool).toMatchObject({ __typename: "CodePool", source: "GENERATED", createdBy: "operator first admin" });
  expect(pool.template.id).toBe(globalId(id));
  expect(pool.progress).toMatchObject({ done: 0, total: 12_000 });
  expect((await act("createCodePool", input)).id).toBe(pool.id);
  expect(await act("createCodePool", { ...input, codes: 5 })).toMatchObject({ __typename: "Conflict" });
  const none = { ...input, codes: 0, idempotencyKey: "k" };
  expect(await act("createCodePool", none)).toMatchObject({ __typename: "InvalidInput" });
  const query = `query ($id: ID!) { codePool(id: $id) { ${fields} } }`;
  const ready = await until(async () => {
    const { codePool } = dataOf(await askAdmin(shop, query, { id: pool.id }));
    return codePool.state === "READY" && codePool;
  });
  expect(ready.progress).toMatchObject({ done: 12_000, total: 12_000, etaSeconds: null });
  expect(ready.exportUrl).toBe(`${shop.app.url}/code-pools/${encodeURIComponent(pool.id)}/codes.csv`);
  const list = await askAdmin(shop, `{ codePools(templateId: "${pool.template.id}") { edges { node { id state } } } }`);
  expect(dataOf(list).codePools.edges).toEqual([{ node: { id: pool.id, state: "READY" } }]);
});

test("an editor who makes a pool and asks for its export gets the pool; who reads it later hears why not", async () => {
  const { id } = await addTemplate(shop.ctx, { codeMode: "POOL" });
  const editor = await hire(shop, "Edith", "editor");
  const made = await editor.ask(
    `mutation ($input: CreateCodePoolInput!) { createCodePool(input: $input) {
      ... on CodePool { id createdBy exportUrl exports { actor } } ${refusal} } }`,
    { input: { templateId: globalId(id), codes: 10, idempotencyKey: "an editor's" } },
  );
  const { id: pool, ...rest } = dataOf(made).createCodePool;
  expect(rest).toEqual({ createdBy: "operator Edith", exportUrl: null, exports: null });
  const read = await editor.ask(`{ codePool(id: "${pool}") { source exportUrl } }`);
  expect([read.status, read.code]).toEqual([200, "FORBIDDEN"]);
  expect(read.body.data).toEqual({ codePool: { source: "GENERATED", exportUrl: null } });
});

test("a pool is paused, resumed and cancelled over the API", async () => {
  const { id } = await addTemplate(shop.ctx, { codeMode: "POOL" });
  const input = { templateId: globalId(id), codes: 1_000_000, idempotencyKey: "a large one" };
  const { id: poolId } = await act("createCodePool", input);
  expect((await act("pauseCodePool", { poolId })).state).toBe("PAUSED");
  expect(await act("pauseCodePool", { poolId })).toMatchObject({ __typename: "WrongState", refusal: "WRONG_STATE" });
  expect((await act("resumeCodePool", { poolId })).state).toBe("FILLING");
  expect((await act("cancelCodePool", { poolId })).state).toBe("CANCELLED");
});

test("a subscription tells how far a pool is, and ends when it is ready", async () => {
  const { id } = await addTemplate(shop.ctx, { codeMode: "POOL" });
  const { id: poolId } = await act("createCodePool", {
    templateId: globalId(id),
    codes: 20_000,
    idempotencyKey: "watched",
  });
  const response = await fetch(`${shop.app.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${shop.app.adminToken}`,
    },
    body: JSON.stringify({
      query: "subscription ($id: ID!) { codePoolProgress(poolId: $id) { state done total } }",
      variables: { id: poolId },
    }),
  });
  const events = (await response.text()).split("\n").filter((line) => line.includes("codePoolProgress"));
  expect(events.at(-1)).toContain('{"state":"READY","done":20000,"total":20000}');
});
