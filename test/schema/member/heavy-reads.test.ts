import { afterAll, beforeAll, expect, test } from "bun:test";
import type { HeavyReads } from "../../../src/db/heavy/heavy-reads.ts";
import { serveGraphql, testContext } from "../../support/graphql.ts";
import { hire } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

afterAll(closeShops);

const times = (n: number, field: string) => `{ ${Array.from({ length: n }, (_, i) => `a${i}: ${field}`).join(" ")} }`;
const estimate = `estimateAudience(filter: { attribute: { path: "size", eq: 3 } }) { count }`;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ env: { READERS: "1", READS_PER_TOKEN: "2" } });
  await shop.members(3);
});

test("fifty estimates, or searches, in one document are refused before they run", async () => {
  const vic = await hire(shop, "Vic", "viewer");
  const search = `members(filter: { attribute: { path: "size", eq: 3 } }, first: 1) { totalCount }`;
  for (const field of [estimate, search]) expect((await vic.ask(times(50, field))).code).toBe("QUERY_COMPLEXITY");
  expect((await vic.ask(times(8, estimate))).code).not.toBe("QUERY_COMPLEXITY");
});

test("a token's estimates beyond its share say when to come again, and others' are answered", async () => {
  const [vic, val] = [await hire(shop, "Vic", "viewer"), await hire(shop, "Val", "viewer")];
  const asked = vic.ask(times(5, estimate));
  expect(Object.keys(await val.get(times(2, estimate)))).toHaveLength(2);
  const { body } = await asked;
  expect(body.errors[0]).toMatchObject({
    extensions: { code: "RATE_LIMITED" },
    message: expect.stringMatching(/try again in 1 s/),
  });
});

test("whoever hangs up is not estimated for any longer", async () => {
  let heard: AbortSignal | undefined;
  const never: HeavyReads = { all: () => new Promise(() => {}), first: () => new Promise(() => {}) };
  const api = await serveGraphql({
    contextFor: (actor, request) => {
      heard = request?.signal;
      return { ...testContext(api.db, actor), heavy: never };
    },
  });
  const viewer = await api.token({ kind: "operator", name: "Vic", role: "viewer" });
  const hangUp = new AbortController();
  const asked = fetch(`${api.url}/graphql`, {
    method: "POST",
    body: JSON.stringify({ query: `{ ${estimate} }` }),
    headers: { "content-type": "application/json", authorization: `Bearer ${viewer}` },
    signal: hangUp.signal,
  });
  await until(() => heard);
  hangUp.abort();
  await expect(asked).rejects.toThrow();
  await until(() => heard?.aborted);
  await api.stop();
});
