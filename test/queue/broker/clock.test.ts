import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

const minute = 60_000;
const hour = 60 * minute;

test.each([
  ["a minute", minute],
  ["two hours", 2 * hour],
])("with a clock set back by %s, delays, retries and schedules wait no longer than told", async (_, ms) => {
  const to = destination(
    ({ path }, nth) => new Response(null, { status: path === "/retried" && nth === 1 ? 500 : 200 }),
  );
  const { client, pass, events, call } = await broker();
  await client.publish({ url: `${to.url}/delayed`, delay: 30 });
  await client.publish({ url: `${to.url}/retried`, retries: 1 });
  await client.publish({ url: `${to.url}/limited`, flowControl: { key: "k", rate: 1, period: "30s" } });
  await client.publish({ url: `${to.url}/limited`, flowControl: { key: "k", rate: 1, period: "30s" } });
  await client.schedules.create({ destination: `${to.url}/scheduled`, cron: "* * * * *", scheduleId: "s" });
  const until1 = await call("POST", `/v2/publish/${to.url}/until`, {
    headers: { "Upstash-Not-Before": String(Math.ceil((Date.now() + 45_000) / 1_000)) },
  });
  expect(until1.status).toBe(200);
  await until(() => to.to("/retried").length === 1 && to.to("/limited").length === 1);
  await until(async () => (await client.logs()).logs.some(({ state }) => state === "RETRY"));

  pass(-ms);
  await until(() => events.includes("clock.stepped") && to.to("/limited").length === 2);
  await client.publish({ url: `${to.url}/later`, delay: 30 });
  pass(minute);
  await until(() => to.to("/delayed").length === 1 && to.to("/retried").length === 2 && to.to("/later").length === 1);
  await until(() => to.to("/scheduled").length === 1);
  expect(to.to("/until")).toHaveLength(0);
  pass(ms);
  await until(() => to.to("/until").length === 1);
});

test("a broker that was away while the clock was set back makes nothing wait longer", async () => {
  const to = destination();
  const before = Date.now() + 2 * hour;
  const first = await broker({ clock: () => before });
  const again = { url: `${to.url}/delayed`, delay: 30, deduplicationId: "d" } as const;
  await first.client.publish(again);
  await first.client.schedules.create({ destination: `${to.url}/scheduled`, cron: "* * * * *", scheduleId: "s" });
  await first.stop();

  const second = await broker({ path: first.path });
  await until(() => second.events.includes("clock.stepped"));
  expect(await second.client.publish({ ...again, deduplicationId: "d" })).not.toMatchObject({ deduplicated: true });
  second.pass(minute);
  await until(() => to.to("/delayed").length === 2 && to.to("/scheduled").length > 0);
});
