import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

test("a message is not delivered before its delay or its not-before time, and is after it", async () => {
  const shop = destination();
  const { client, pass, backlog } = await broker();
  await client.publish({ url: `${shop.url}/delayed`, delay: "1h" });
  await client.publish({ url: `${shop.url}/not-before`, notBefore: Math.floor(Date.now() / 1_000) + 7_200 });
  await client.publish({ url: `${shop.url}/now` });
  await until(() => shop.deliveries.length === 1);
  await until(() => backlog() === 2);
  pass(3_500_000);
  await Bun.sleep(50); // too soon, nothing comes
  expect(shop.deliveries.map(({ path }) => path)).toEqual(["/now"]);
  pass(100_000);
  await until(() => shop.to("/delayed").length === 1);
  pass(3_600_000);
  await until(() => shop.to("/not-before").length === 1);
  await until(() => backlog() === 0);
});

test("a failed delivery is tried again with QStash's backoff, and tells how often it was retried", async () => {
  const shop = destination((_, nth) => new Response("no", { status: nth < 3 ? 500 : 200 }));
  const { client, pass, backlog, events } = await broker();
  await client.publish({ url: `${shop.url}/flaky` });
  await until(() => events.length === 1);
  pass(11_000);
  await Bun.sleep(40); // too soon, nothing comes
  expect(shop.deliveries.length).toBe(1);
  pass(1_200);
  await until(() => events.length === 2);
  pass(149_000);
  await until(() => shop.deliveries.length === 3);
  expect(shop.deliveries.map(({ headers }) => headers.get("upstash-retried"))).toEqual(["0", "1", "2"]);
  await until(() => backlog() === 0);
});

test("messages survive a restart, with their time and the tries they had", async () => {
  const shop = destination((_, nth) => new Response("no", { status: nth === 1 ? 500 : 200 }));
  const first = await broker();
  await first.client.publish({ url: `${shop.url}/flaky`, retryDelay: "3600000" });
  await first.client.publish({ url: `${shop.url}/flaky?delayed`, delay: "2h" });
  await until(() => first.events.includes("broker.retried"));
  await first.stop();
  const second = await broker({ path: first.path });
  expect(second.backlog()).toBe(2);
  second.pass(3_600_000);
  await until(() => shop.to("/flaky").length === 2);
  expect(shop.to("/flaky")[1]?.headers.get("upstash-retried")).toBe("1");
  expect(shop.to("/flaky?delayed")).toEqual([]);
});
