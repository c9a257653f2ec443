import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

const minute = 60_000;

test("a schedule sends its message at every tick, with its id, and nothing before", async () => {
  const shop = destination();
  const { client, pass } = await broker();
  const { scheduleId } = await client.schedules.create({
    destination: `${shop.url}/tick`,
    cron: "* * * * *",
    body: '{"n":1}',
    headers: { "X-Shop": "a" },
  });
  await Bun.sleep(30);
  for (const n of [1, 2]) {
    pass(minute);
    await until(() => shop.deliveries.length >= n);
  }
  const [delivery] = shop.deliveries;
  expect(delivery?.headers.get("upstash-schedule-id")).toBe(scheduleId);
  expect(delivery?.headers.get("x-shop")).toBe("a");
  expect(delivery?.body).toBe('{"n":1}');
});

test("a schedule is replaced by its id, listed, paused, resumed and deleted", async () => {
  const shop = destination();
  const { client, pass, call } = await broker();
  const make = (cron: string) =>
    client.schedules.create({ destination: shop.url, cron, scheduleId: "daily-report", label: "reports", retries: 1 });
  await make("0 8 * * *");
  expect(await make("* * * * *")).toEqual({ scheduleId: "daily-report" });
  const listed = await client.schedules.list();
  expect(listed).toMatchObject([{ scheduleId: "daily-report", cron: "* * * * *", destination: shop.url, retries: 1 }]);
  await client.schedules.pause({ schedule: "daily-report" });
  expect(await client.schedules.get("daily-report")).toMatchObject({ isPaused: true, label: "reports" });
  pass(10 * minute);
  await Bun.sleep(45);
  expect(shop.deliveries).toEqual([]);
  await client.schedules.resume({ schedule: "daily-report" });
  pass(minute);
  await until(() => shop.deliveries.length === 1);
  await client.schedules.delete("daily-report");
  expect((await call("GET", "/v2/schedules/daily-report")).status).toBe(404);
  expect(await client.schedules.list()).toEqual([]);
});

test("CRON_TZ gives the zone of a schedule, UTC is the default", async () => {
  const { client } = await broker();
  const next = async (cron: string) => {
    const { scheduleId } = await client.schedules.create({ destination: "http://127.0.0.1:1/", cron });
    return new Date((await client.schedules.get(scheduleId)).nextScheduleTime ?? 0).toISOString().slice(11, 16);
  };
  expect(await next("30 8 * * *")).toBe("08:30");
  expect(await next("CRON_TZ=Asia/Shanghai 30 8 * * *")).toBe("00:30");
});

test("publishing with Upstash-Cron makes a schedule, too", async () => {
  const { call, client } = await broker();
  const headers = { "Upstash-Cron": "*/5 * * * *", "Upstash-Schedule-Id": "five" };
  const answer = await call("POST", "/v2/publish/http://127.0.0.1:1/", { headers, body: "x" });
  expect(await answer.json()).toEqual({ scheduleId: "five" });
  expect((await client.schedules.get("five")).body).toBe("x");
});

test("a cron expression that is none, or never comes, is refused with its fault", async () => {
  const { client } = await broker();
  const create = (cron: string) => client.schedules.create({ destination: "http://127.0.0.1:1/", cron });
  expect(create("every day")).rejects.toThrow("invalid cron expression");
  expect(create("CRON_TZ=Mars/Base 0 8 * * *")).rejects.toThrow("unknown time zone");
  expect(create("0 0 30 2 *")).rejects.toThrow("never comes due");
});

test("ticks missed while the broker was away for a while are all made up for; after a long absence only the first and the last few", async () => {
  const shop = destination();
  const first = await broker();
  await first.client.schedules.create({ destination: shop.url, cron: "* * * * *" });
  await first.stop();
  let now = Date.now() + 5 * minute;
  now -= (now % minute) - minute / 2;
  const second = await broker({ path: first.path, clock: () => now });
  await until(() => shop.deliveries.length >= 5);
  await until(() => second.backlog() === 0);
  const missed = shop.deliveries.length;
  expect(missed).toBeOneOf([5, 6]); // as the test began near a full minute or not
  await second.stop();
  now += 600 * minute;
  const third = await broker({ path: first.path, clock: () => now });
  await until(() => shop.deliveries.length === missed + 11);
  await until(() => third.backlog() === 0);
  expect(shop.deliveries.length).toBe(missed + 11);
});

test("setting the same schedule again, as a starting app does, does not skip its tick", async () => {
  const shop = destination();
  let now = Date.now();
  const first = await broker({ clock: () => now });
  const schedule = { destination: shop.url, cron: "0 * * * *", scheduleId: "hourly" };
  await first.client.schedules.create(schedule);
  const { nextScheduleTime } = await first.client.schedules.get("hourly");
  now = nextScheduleTime! - 1;
  await first.client.schedules.create(schedule);
  expect((await first.client.schedules.get("hourly")).nextScheduleTime).toBe(nextScheduleTime!);
});
