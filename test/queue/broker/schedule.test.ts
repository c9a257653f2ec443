import { afterEach, expect, test } from "bun:test";
import { nextTick } from "../../../src/queue/broker/schedule/cron.ts";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

const minute = 60_000;

test("a cron expression that is none, or never comes, is refused with its fault", async () => {
  const { client } = await broker();
  const create = (cron: string) => client.schedules.create({ destination: "http://127.0.0.1:1/", cron });
  expect(create("every day")).rejects.toThrow("invalid cron expression");
  expect(create("CRON_TZ=Mars/Base 0 8 * * *")).rejects.toThrow("unknown time zone");
  expect(create("0 0 30 2 *")).rejects.toThrow("never comes due");
});

test("ticks missed for a while are all made up for; after a long absence the first and the last few", async () => {
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

test("a schedule that is resumed goes on with the next tick, and makes up for none that it missed", async () => {
  const shop = destination();
  const { client, pass, backlog } = await broker();
  await client.schedules.create({ destination: shop.url, cron: "* * * * *", scheduleId: "held" });
  await client.schedules.pause({ schedule: "held" });
  pass(5.5 * minute);
  await client.schedules.resume({ schedule: "held" });
  await client.publish({ url: `${shop.url}/other` });
  await until(() => shop.to("/other").length === 1 && backlog() === 0);
  expect(shop.to("/").length).toBeLessThan(2); // one, where the minute ended just now
  pass(minute);
  await until(() => shop.to("/").length > 0);
});

test("where summer time begins and ends, a daily schedule comes once a day", () => {
  const ticks = (from: string) => {
    const first = nextTick("CRON_TZ=Europe/Berlin 30 2 * * *", Date.parse(from))!;
    const second = nextTick("CRON_TZ=Europe/Berlin 30 2 * * *", first)!;
    return [first, second].map((time) => new Date(time).toISOString().slice(5, 16));
  };
  expect(ticks("2027-03-27T12:00:00Z")).toEqual(["03-28T01:30", "03-29T00:30"]);
  expect(ticks("2027-10-30T12:00:00Z")).toEqual(["10-31T00:30", "11-01T01:30"]);
});

test("a tick is the same whenever it is asked for: after a skipped stretch, and where that is half an hour", () => {
  const tick = (cron: string, after: string) => {
    const at = nextTick(`CRON_TZ=${cron}`, Date.parse(after));
    return at && new Date(at).toISOString().slice(5, 16);
  };
  // 02:30 is skipped and comes at 03:30; at 03:10 that is still to come.
  expect(tick("Europe/Berlin 30 2 * * *", "2027-03-28T03:10+02:00")).toBe("03-28T01:30");
  // 02:00 to 02:30 is skipped: 02:15 comes at 02:45, and 02:40 was on the clock before.
  expect(tick("Australia/Lord_Howe 15,40 2 * * *", "2027-10-02T12:00Z")).toBe("10-02T15:40");
  expect(tick("Australia/Lord_Howe 15,40 2 * * *", "2027-10-02T15:40Z")).toBe("10-02T15:45");
});
