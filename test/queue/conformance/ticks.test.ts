import { expect } from "bun:test";
import { isOurs } from "./place.ts";
import {
  awhile,
  conformance,
  eventually,
  json,
  now,
  type Own,
  onOurs,
  own,
  pass,
  receiver,
  slowly,
  span,
  verify,
} from "./support.ts";

// Schedules that come due: a minute each, where the clock cannot be moved.
conformance();

const minute = 60_000;

async function everyMinute({ client, name, shop, after }: Own, what: object = {}) {
  after(() => client.schedules.delete(name));
  const request = { destination: `${shop.url}/tick`, cron: "* * * * *", scheduleId: name, label: name };
  await client.schedules.create({ ...request, ...what });
}

slowly("a schedule sends its message at every tick, with its id, and nothing before", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  await everyMinute(mine, { body: '{"n":1}', headers: { "X-Shop": "a" }, method: "PUT" });
  await awhile();
  for (const n of [1, 2]) {
    await pass(minute);
    await shop.got(n);
  }
  const [delivery] = shop.deliveries;
  expect(delivery).toMatchObject({ method: "PUT", body: '{"n":1}' });
  expect(delivery?.headers.get("upstash-schedule-id")).toBe(name);
  expect(delivery?.headers.get("x-shop")).toBe("a");
  expect(delivery?.headers.get("upstash-caller-ip")).toBeString();
  expect(await verify(await receiver(mine), delivery!)).toBe(true);
  const { lastScheduleTime, nextScheduleTime } = await client.schedules.get(name);
  expect([lastScheduleTime! % minute, nextScheduleTime! > now()]).toEqual([0, true]);
});

slowly("a schedule tells what became of its last messages", async () => {
  const mine = own(({ path }) => new Response("", { status: path === "/bad" ? 500 : 200 }));
  const { client, name, shop, after } = mine;
  after(() => client.urlGroups.delete(name));
  await client.urlGroups.addEndpoints({ name, endpoints: [{ url: `${shop.url}/good` }, { url: `${shop.url}/bad` }] });
  await everyMinute(mine, { destination: name, retries: 0 });
  await pass(minute);
  await shop.got(2);
  await client.schedules.pause({ schedule: name });
  const states = await eventually(async () => {
    const { lastScheduleStates = {} } = await client.schedules.get(name);
    return !Object.values(lastScheduleStates).includes("IN_PROGRESS") && lastScheduleStates;
  });
  const became = (path: string) => states[shop.to(path)[0]!.headers.get("upstash-message-id")!];
  expect([became("/good"), became("/bad")]).toEqual(["SUCCESS", "FAIL"]);
});

slowly("a paused schedule ignores its ticks, and a deleted one has none", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  await everyMinute(mine);
  await client.schedules.pause({ schedule: name });
  await pass(2 * minute);
  await awhile();
  expect(shop.deliveries).toEqual([]);
  await client.schedules.resume({ schedule: name });
  await pass(minute);
  await shop.got(1);
  await client.schedules.delete(name);
  await awhile();
  const count = shop.deliveries.length;
  await pass(2 * minute);
  await awhile();
  expect(shop.deliveries.length).toBe(count);
});

slowly("messages of a schedule are found by it: while they wait, in the log and among the dead letters", async () => {
  const mine = own(() => new Response("no", { status: 500 }));
  const { client, name, shop } = mine;
  const filter = { scheduleId: name };
  await everyMinute(mine, { retries: 0 });
  await pass(minute);
  await shop.got(1);
  const letter = await eventually(async () => (await client.dlq.listMessages({ filter })).messages[0]);
  expect(letter).toMatchObject({ scheduleId: name, messageId: shop.deliveries[0]!.headers.get("upstash-message-id")! });
  expect((await client.logs({ filter })).logs.length).toBeGreaterThan(2);
  await everyMinute(mine, { delay: "1h" });
  const cancelled = await eventually(async () => {
    await pass(minute);
    return (await client.messages.cancel({ filter })).cancelled;
  });
  expect(cancelled).toBeGreaterThan(0);
});

slowly("a schedule's callbacks name it; a schedule's delay holds up its messages, not its ticks", async () => {
  const mine = own();
  const { client, name, shop } = mine;
  await everyMinute(mine, { callback: `${shop.url}/called`, delay: span.text });
  if (isOurs) await pass(minute);
  await eventually(async () => (await client.schedules.get(name)).lastScheduleTime);
  await client.schedules.pause({ schedule: name });
  await awhile();
  expect(shop.deliveries).toEqual([]);
  await pass(span.ms);
  const [delivery] = await shop.got(1, "/called");
  expect(JSON.parse(delivery!.body)).toMatchObject({ scheduleId: name, url: `${shop.url}/tick` });
});

slowly("a schedule's messages go through its queue", async () => {
  const mine = own();
  const { client, call, name, shop, after } = mine;
  after(() => client.queue({ queueName: name }).delete());
  await client.queue({ queueName: name }).upsert({ parallelism: 1, paused: true });
  await everyMinute(mine, { queueName: name });
  await pass(minute);
  await eventually(async () => (await json<{ lag: number }>(await call("GET", `/v2/queues/${name}`))).lag > 0);
  await client.queue({ queueName: name }).resume();
  await shop.got(1);
  expect((await client.logs({ filter: { queueName: name } })).logs.length).toBeGreaterThan(0);
});

onOurs("a schedule whose URL group is gone waits for another of its name", async () => {
  const mine = own();
  const { client, name, shop, after } = mine;
  after(() => client.urlGroups.delete(name));
  const group = () => client.urlGroups.addEndpoints({ name, endpoints: [{ url: shop.url }] });
  await group();
  await everyMinute(mine, { destination: name });
  await client.urlGroups.delete(name);
  await pass(minute);
  await awhile();
  await group();
  await pass(minute);
  await shop.got(1);
});
