import { afterAll, expect, test } from "bun:test";
import { z } from "zod";
import { roomOf } from "../../src/web/descriptors.ts";
import { type Front, openFront } from "../../src/web/front.ts";
import { webSettings, webVariables } from "../../src/web/settings.ts";
import { realWorld } from "../../src/world.ts";
import { freePort } from "../support/port.ts";
import { until } from "../support/wait.ts";

const fronts: Front[] = [];
afterAll(() => Promise.all(fronts.map((front) => front.stop())));

const settingsOf = (given: Record<string, string>) => webSettings(z.object(webVariables).parse(given));

/** A front whose one page is `answer`. */
function open(given: Record<string, string>, answer: (request: Request) => Promise<Response>) {
  const lines: string[] = [];
  const options = { host: "127.0.0.1", port: 0, shared: false, trustProxy: true, timers: realWorld.timers };
  const front = openFront({ ...options, settings: settingsOf(given) }, (_level, event) => lines.push(event));
  front.route(answer);
  fronts.push(front);
  const ask = (path: string, headers: Record<string, string> = {}, method = "POST") =>
    fetch(front.url + path, { method, headers });
  return { ...front, ask, lines };
}

/** Several fronts on one port, which answer by their number; who asks them, each time on a new connection. */
function openShared(n: number) {
  const port = freePort();
  const shared = Array.from({ length: n }, (_, i) => {
    const options = { host: "127.0.0.1", port, shared: true, trustProxy: true, timers: realWorld.timers };
    const front = openFront({ ...options, settings: settingsOf({}) }, () => {});
    front.route(async () => new Response(String(i)));
    fronts.push(front);
    return front;
  });
  const ask = async (url: string) => (await fetch(`${url}/app`, { headers: { connection: "close" } })).text();
  const answering = async () => {
    const told = await Promise.all(Array.from({ length: 60 }, () => ask(`http://127.0.0.1:${port}`)));
    return [...new Set(told)].sort();
  };
  return { shared, port, ask, answering };
}

const shop = "https://shop.example";
const preflight = { "access-control-request-method": "POST", "access-control-request-headers": "authorization" };

test("pages of the origins that the shop names may use /app and read it; others are told what it takes", async () => {
  const { ask, lines } = open({ APP_ORIGINS: `${shop}/, capacitor://localhost` }, async () => new Response("{}"));
  const asked = await ask("/app", { origin: shop, ...preflight }, "OPTIONS");
  expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([204, shop]);
  expect(asked.headers.get("access-control-allow-headers")).toContain("authorization");
  expect(asked.headers.get("vary")).toBe("origin");
  for (const origin of [shop, "capacitor://localhost"]) {
    const answer = await ask("/app", { origin });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
  }
  const refused = await ask("/app", { origin: "https://evil.example", ...preflight }, "OPTIONS");
  expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([403, null]);
  expect(await refused.text()).toContain("APP_ORIGINS does not name them");
  await ask("/app", { origin: "https://evil.example", ...preflight }, "OPTIONS");
  expect(lines).toEqual(["app.origin"]);
});

test("fronts that share a port are all asked, each has its own address, and who leaves is asked no more", async () => {
  const { shared, port, ask, answering } = openShared(2);
  expect(await answering()).toEqual(["0", "1"]);
  expect(shared.map(({ url }) => url)).toEqual([`http://127.0.0.1:${port}`, `http://127.0.0.1:${port}`]);
  expect(await Promise.all(shared.map(({ ownUrl }) => ask(ownUrl)))).toEqual(["0", "1"]);
  await shared[1]?.leave();
  expect(await answering()).toEqual(["0"]);
});

test("a port is taken from nobody: neither who shares his nor who does not gets one that is not shared", async () => {
  const { port: sharedPort } = openShared(1);
  const alone = open({}, async () => new Response("alone"));
  const at = (port: number, isShared: boolean) => () => {
    const options = { host: "127.0.0.1", port, shared: isShared, trustProxy: true, timers: realWorld.timers };
    const front = openFront({ ...options, settings: settingsOf({}) }, () => {});
    fronts.push(front);
    front.route(async () => new Response());
  };
  expect(at(sharedPort, false)).toThrow("in use");
  expect(at(Number(new URL(alone.url).port), true)).toThrow("in use");
});

test("the operators' API is for no page of another origin, whatever APP_ORIGINS says", async () => {
  const { ask } = open({ APP_ORIGINS: "*" }, async () => new Response("{}"));
  for (const path of ["/graphql", "/graphql/sign-in", "/imports", "/application"]) {
    const answer = await ask(path, { origin: shop, ...preflight }, "OPTIONS");
    expect([path, answer.headers.get("access-control-allow-origin")]).toEqual([path, null]);
  }
  expect((await ask("/app?x=1", { origin: shop })).headers.get("access-control-allow-origin")).toBe(shop);
});

test("an address has so many requests under way and no more; the queue and other addresses are let in", async () => {
  const gate = Promise.withResolvers<void>();
  let inside = 0;
  const { ask } = open({ IN_FLIGHT_PER_ADDRESS: "2", APP_ORIGINS: shop }, async () => {
    inside++;
    await gate.promise;
    return new Response("answered");
  });
  const from = { "x-forwarded-for": "203.0.113.7", origin: shop };
  const held = [ask("/app", from), ask("/app", from)];
  await until(() => inside === 2);
  const third = await ask("/app", from);
  expect([third.status, third.headers.get("retry-after"), third.headers.get("connection")]).toEqual([
    429,
    "1",
    "close",
  ]);
  expect(third.headers.get("access-control-allow-origin")).toBe(shop);
  expect(await third.text()).toContain("IN_FLIGHT_PER_ADDRESS: 2");
  const others = [ask("/jobs/sweep", from), ask("/app", { "x-forwarded-for": "203.0.113.8" })];
  await until(() => inside === 4);
  gate.resolve();
  for (const answer of await Promise.all([...held, ...others])) expect(await answer.text()).toBe("answered");
  expect((await ask("/app", from)).status).toBe(200);
});

test("streams and requests leave some of the process's descriptors to those who ask whether it lives", () => {
  expect(roomOf(64, 30)).toEqual({ streams: 17, requests: 13 });
  const { streams, requests } = roomOf();
  expect(streams).toBeGreaterThan(5);
  expect(requests).toBeGreaterThan(0);
});

test("limits that are no limits are refused in words", () => {
  for (const wrong of [{ RATE_APP_ADDRESS: "600" }, { RATE_LINKS: "0/10" }, { APP_ORIGINS: "shop.example/path" }]) {
    expect(() => settingsOf(wrong as Record<string, string>)).toThrow(/requests\/seconds|https:\/\/shop.example/);
  }
});
