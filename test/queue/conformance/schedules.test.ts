import { expect, test } from "bun:test";
import { conformance, json, type Own, own } from "./support.ts";

conformance();

/** A schedule of the test's own; it comes due once a year, unless it is told otherwise. */
async function scheduleOf({ client, name, shop, after }: Own, what: object = {}) {
  const request = { destination: `${shop.url}/tick`, cron: "0 0 1 1 *", scheduleId: name, ...what };
  const { scheduleId } = await client.schedules.create(request);
  after(() => client.schedules.delete(scheduleId));
  return scheduleId;
}

test("a schedule shows everything that was asked for", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  const scheduleId = await scheduleOf(mine, {
    cron: "*/10 * * * *",
    body: '{"hello":"world"}',
    headers: { "test-header": "test-value", "Upstash-Forward-Another": "b" },
    method: "GET",
    callback: `${shop.url}/called`,
    failureCallback: `${shop.url}/failed`,
    delay: 10,
    retries: 5,
    retryDelay: "pow(retried, 2) * 1000",
    label: [name, `${name}-b`],
  });
  expect(scheduleId).toBe(name);
  const schedule = await client.schedules.get(scheduleId);
  expect(schedule).toMatchObject({
    scheduleId,
    cron: "*/10 * * * *",
    destination: `${shop.url}/tick`,
    method: "GET",
    header: { "Content-Type": ["application/json"], "Test-Header": ["test-value"], Another: ["b"] },
    body: '{"hello":"world"}',
    callback: `${shop.url}/called`,
    failureCallback: `${shop.url}/failed`,
    delay: 10,
    retries: 5,
    retryDelayExpression: "pow(retried, 2) * 1000",
    label: name,
    labels: [name, `${name}-b`],
    isPaused: false,
    createdAt: expect.any(Number),
  } as object);
  expect(schedule.nextScheduleTime! % 600_000).toBe(0);
  expect((await client.schedules.list()).find((each) => each.scheduleId === name)).toMatchObject({
    cron: "*/10 * * * *",
  });
});

test("a schedule without a name gets one, and has no body where it was given none", async () => {
  const { client, shop, after } = own();
  const { scheduleId } = await client.schedules.create({ destination: shop.url, cron: "0 0 1 1 *" });
  after(() => client.schedules.delete(scheduleId));
  expect(scheduleId).toMatch(/^scd_/);
  const schedule = await client.schedules.get(scheduleId);
  expect([schedule.body, schedule.method, schedule.retries]).toEqual([undefined, "POST", 3]);
});

test("a schedule may go through a queue, to a URL group, or under a flow key", async () => {
  const mine = own();
  const { client, name, shop, after } = mine;
  after(() => client.urlGroups.delete(name));
  after(() => client.queue({ queueName: name }).delete());
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: shop.url }] });
  const shown = async (what: object) => client.schedules.get(await scheduleOf(mine, what));
  expect((await shown({ queueName: name })).queueName).toBe(name);
  expect((await shown({ destination: name })).destination).toBe(name);
  const limited = await shown({ flowControl: { key: name, parallelism: 10, rate: 5, period: "1d" } });
  expect(limited).toMatchObject({ flowControlKey: name, parallelism: 10, rate: 5, ratePerSecond: 5, period: 86_400 });
  const usual = await shown({ flowControl: { key: name, parallelism: 2 } });
  expect([usual.parallelism, usual.rate, usual.period]).toEqual([2, undefined, 1]);
});

test("a schedule set again under its id is the same one with other settings", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  await scheduleOf(mine, { body: "my-payload", cron: "*/5 * * * *" });
  const { createdAt } = await client.schedules.get(name);
  await scheduleOf(mine, { destination: `${shop.url}/other`, cron: "0 8 * * *" });
  const schedule = await client.schedules.get(name);
  expect(schedule).toMatchObject({ destination: `${shop.url}/other`, cron: "0 8 * * *", createdAt });
  expect(schedule.body).toBeUndefined();
  expect((await client.schedules.list()).filter(({ scheduleId }) => scheduleId === name).length).toBe(1);
});

test("a schedule is paused and resumed, as often as one likes, by POST and by PATCH", async () => {
  const mine = own();
  const { client, call, name } = mine;
  await scheduleOf(mine);
  const isPaused = async () => (await client.schedules.get(name)).isPaused;
  for (let n = 0; n < 2; n++) await client.schedules.pause({ schedule: name });
  expect(await isPaused()).toBe(true);
  for (let n = 0; n < 2; n++) await client.schedules.resume({ schedule: name });
  expect(await isPaused()).toBe(false);
  expect((await call("POST", `/v2/schedules/${name}/pause`)).status).toBe(200);
  expect(await isPaused()).toBe(true);
  expect((await call("POST", `/v2/schedules/${name}/resume`)).status).toBe(200);
  expect(await isPaused()).toBe(false);
});

test("a schedule that was deleted is gone", async () => {
  const mine = own();
  const { client, call, name } = mine;
  await scheduleOf(mine);
  await client.schedules.delete(name);
  const answer = await call("GET", `/v2/schedules/${name}`);
  expect([answer.status, typeof (await json(answer)).error]).toEqual([404, "string"]);
  expect((await client.schedules.list()).some(({ scheduleId }) => scheduleId === name)).toBe(false);
});

test("CRON_TZ gives the zone of a schedule, with its summer time; UTC is the default", async () => {
  const mine = own();
  const next = async (cron: string) => {
    const { nextScheduleTime } = await mine.client.schedules.get(await scheduleOf(mine, { cron }));
    return new Date(nextScheduleTime ?? 0).toISOString().slice(5, 16);
  };
  expect(await next("30 8 1 1 *")).toBe("01-01T08:30");
  expect(await next("CRON_TZ=Asia/Tokyo 30 8 1 1 *")).toBe("12-31T23:30");
  expect(await next("CRON_TZ=America/New_York 0 4 10 1 *")).toBe("01-10T09:00");
  expect(await next("CRON_TZ=America/New_York 0 4 10 7 *")).toBe("07-10T08:00");
});

test("publishing with Upstash-Cron makes a schedule, too", async () => {
  const { client, call, name, shop, after } = own();
  after(() => client.schedules.delete(name));
  const headers = { "Upstash-Cron": "0 0 1 1 *", "Upstash-Schedule-Id": name, "Content-Type": "text/plain" };
  const answer = await call("POST", `/v2/publish/${shop.url}`, { headers, body: "x" });
  expect(await json(answer)).toEqual({ scheduleId: name });
  expect(await client.schedules.get(name)).toMatchObject({ body: "x", destination: shop.url, cron: "0 0 1 1 *" });
});

test("a schedule whose cron, name, destination or settings are none is refused with what is wrong", async () => {
  const { call, name, shop } = own();
  const cron = { "Upstash-Cron": "0 0 1 1 *", "Upstash-Schedule-Id": name };
  const faults: [destination: string, headers: Record<string, string>, status: number][] = [
    [shop.url, {}, 400],
    [shop.url, { ...cron, "Upstash-Cron": "every day" }, 400],
    [shop.url, { ...cron, "Upstash-Cron": "* * * *" }, 400],
    [shop.url, { ...cron, "Upstash-Cron": "61 * * * *" }, 400],
    [shop.url, { ...cron, "Upstash-Cron": "CRON_TZ=Mars/Base 0 8 * * *" }, 400],
    [shop.url, { ...cron, "Upstash-Schedule-Id": "a b" }, 400],
    [shop.url, { ...cron, "Upstash-Retries": "many" }, 400],
    [shop.url, { ...cron, "Upstash-Delay": "soon" }, 400],
    ["ftp://elsewhere", cron, 400],
    [`${name}-no-group`, cron, 404],
  ];
  for (const [destination, headers, status] of faults) {
    const answer = await call("POST", `/v2/schedules/${destination}`, { headers, body: "x" });
    expect([destination, headers, answer.status]).toEqual([destination, headers, status]);
    expect((await json(answer)).error).toBeString();
  }
  expect((await call("GET", `/v2/schedules/${name}`)).status).toBe(404);
});
