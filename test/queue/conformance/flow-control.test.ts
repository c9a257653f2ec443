import { expect, test } from "bun:test";
import { nowhere } from "./place.ts";
import { awhile, conformance, eventually, json, onOurs, own, pass } from "./support.ts";

conformance();

/** A destination that answers when it is told to, and knows the most calls it had at once. */
function gate() {
  const open: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const mine = own(async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => open.push(resolve));
    running -= 1;
    return new Response();
  });
  return { ...mine, letOne: () => open.shift()?.(), waiting: () => open.length, most: () => most };
}

test("no more calls of a flow key run at once than its parallelism, whatever their destinations", async () => {
  const { client, name, shop, letOne, waiting, most } = gate();
  const flowControl = { key: name, parallelism: 2 };
  await client.batch([1, 2, 3, 4, 5].map((n) => ({ url: `${shop.url}/${n}`, label: name, flowControl })));
  await eventually(() => waiting() === 2);
  await awhile();
  expect(shop.deliveries.length).toBe(2);
  const shown = await client.flowControl.get(name);
  expect(shown).toMatchObject({ flowControlKey: name, parallelismMax: 2, parallelismCount: 2, waitListSize: 3 });
  await eventually(() => {
    letOne();
    return shop.deliveries.length === 5 && waiting() === 0;
  });
  expect(most()).toBe(2);
});

test("calls of other flow keys are not held up", async () => {
  const { client, name, shop, letOne, waiting } = gate();
  const flow = (key: string) => ({
    url: shop.url,
    label: name,
    flowControl: { key: `${name}-${key}`, parallelism: 1 },
  });
  await client.batch([flow("a"), flow("a"), flow("b"), flow("b")]);
  await eventually(() => waiting() === 2);
  await eventually(() => {
    letOne();
    return shop.deliveries.length === 4 && waiting() === 0;
  });
});

test("no more calls of a flow key are made in a period than its rate", async () => {
  const { client, name, shop } = own();
  const flowControl = { key: name, rate: 2, period: "1h" } as const;
  await client.batch([1, 2, 3].map((n) => ({ url: `${shop.url}/${n}`, label: name, flowControl })));
  await shop.got(2);
  await awhile();
  expect(shop.deliveries.length).toBe(2);
  const shown = await client.flowControl.get(name);
  expect(shown).toMatchObject({ rateMax: 2, rateCount: 2, ratePeriod: 3_600, waitListSize: 1 });
  expect(Math.abs(shown.ratePeriodStart * 1_000 - Date.now())).toBeLessThan(3 * 3_600_000);
  await client.flowControl.resetRate(name);
  await shop.got(3);
});

onOurs("with the next period come the next calls", async () => {
  const { client, name, shop } = own();
  const flowControl = { key: name, rate: 2, period: "1d" } as const;
  await client.batch([1, 2, 3, 4, 5].map((n) => ({ url: `${shop.url}/${n}`, label: name, flowControl })));
  for (const n of [2, 4, 5]) {
    await shop.got(n);
    await awhile();
    expect(shop.deliveries.length).toBe(n);
    await pass(86_400_000);
  }
});

test("the latest limits of a flow key win, also for messages that wait already", async () => {
  const { client, name, shop, letOne, waiting } = gate();
  const publish = (parallelism: number) =>
    client.publish({ url: shop.url, label: name, flowControl: { key: name, parallelism } });
  for (let n = 0; n < 3; n++) await publish(1);
  await eventually(() => waiting() === 1);
  await publish(4);
  await eventually(() => waiting() === 4);
  for (let n = 0; n < 4; n++) letOne();
});

test("a paused flow key keeps what comes; resumed, it lets it go", async () => {
  const { client, name, shop, after } = own();
  after(() => client.flowControl.resume(name));
  const message = { url: shop.url, label: name, flowControl: { key: name, parallelism: 1 } };
  await client.publish({ ...message, delay: "1h" });
  await client.flowControl.pause(name);
  await eventually(async () => (await client.flowControl.get(name)).isPaused);
  await client.publish(message);
  await awhile();
  expect(shop.deliveries).toEqual([]);
  await client.flowControl.resume(name);
  await shop.got(1);
  expect((await client.flowControl.get(name)).isPaused).toBe(false);
});

test("pinned limits are not changed by messages, until they are unpinned one by one", async () => {
  const { client, name, after } = own();
  after(() => client.flowControl.unpin(name, { parallelism: true, rate: true }));
  const publish = (parallelism: number, rate: number) => {
    const flowControl = { key: name, parallelism, rate, period: "1m" } as const;
    return client.publish({ url: nowhere, label: name, delay: "1h", flowControl });
  };
  const shown = () => client.flowControl.get(name);
  await publish(5, 10);
  expect(await shown()).toMatchObject({
    isPinnedParallelism: false,
    isPinnedRate: false,
    parallelismMax: 5,
    rateMax: 10,
  });
  await client.flowControl.pin(name, { parallelism: 3, rate: 20, period: 120 });
  await publish(7, 30);
  expect(await shown()).toMatchObject({ isPinnedParallelism: true, isPinnedRate: true });
  expect(await shown()).toMatchObject({ parallelismMax: 3, rateMax: 20, ratePeriod: 120 });
  await client.flowControl.unpin(name, { parallelism: true });
  expect(await shown()).toMatchObject({ isPinnedParallelism: false, isPinnedRate: true, parallelismMax: 3 });
  await publish(7, 30);
  expect(await shown()).toMatchObject({ parallelismMax: 7, rateMax: 20 });
  await client.flowControl.unpin(name, { rate: true });
  await publish(7, 30);
  expect(await shown()).toMatchObject({ isPinnedRate: false, rateMax: 30, ratePeriod: 60 });
});

test("a pinned rate lets go what waited for a smaller one", async () => {
  const { client, name, shop, after } = own();
  after(() => client.flowControl.unpin(name, { rate: true }));
  const flowControl = { key: name, rate: 1, period: "1h" } as const;
  await client.batch([1, 2, 3].map((n) => ({ url: `${shop.url}/${n}`, label: name, flowControl })));
  await shop.got(1);
  await client.flowControl.pin(name, { rate: 10, period: 60 });
  await shop.got(3);
});

test("flow keys are listed, and those of all there are that a word finds", async () => {
  const { client, call, name } = own();
  const keys = [`${name}-a`, `${name}-b`];
  for (const key of keys)
    await client.publish({ url: nowhere, label: name, delay: "1h", flowControl: { key, parallelism: 1 } });
  const listed = async (query: string) => {
    const list = await json<{ flowControlKey: string }[]>(await call("GET", `/v2/flowControl${query}`));
    return list.map(({ flowControlKey }) => flowControlKey).filter((key) => key.startsWith(name));
  };
  expect((await listed("")).sort()).toEqual(keys);
  expect(await listed(`?search=${keys[1]}`)).toEqual([keys[1]!]);
});

test("the calls under way in all are told, and how many there may be", async () => {
  const { client, name, shop, letOne, waiting } = gate();
  await client.publish({ url: shop.url, label: name, flowControl: { key: name, parallelism: 1 } });
  await eventually(() => waiting() === 1);
  const { parallelismMax, parallelismCount } = await client.flowControl.getGlobalParallelism();
  expect(parallelismMax).toBeGreaterThanOrEqual(parallelismCount);
  expect(parallelismCount).toBeGreaterThanOrEqual(1);
  letOne();
});

test("limits without a rate have a period of a second; a period is a duration, or seconds", async () => {
  const { client, call, name } = own();
  const shown = async (value: string) => {
    const headers = {
      "Upstash-Flow-Control-Key": name,
      "Upstash-Flow-Control-Value": value,
      "Upstash-Delay": "1h",
      "Upstash-Label": name,
    };
    const { messageId } = await json<{ messageId: string }>(await call("POST", `/v2/publish/${nowhere}`, { headers }));
    const { parallelism, rate, period } = await client.messages.get(messageId);
    return [parallelism, rate, period];
  };
  expect(await shown("parallelism=5")).toEqual([5, undefined, 1]);
  expect(await shown("rate=7")).toEqual([undefined, 7, 1]);
  expect(await shown("parallelism=5,rate=10,period=1m")).toEqual([5, 10, 60]);
  expect(await shown("rate=23, period=1h30m3s")).toEqual([undefined, 23, 5_403]);
});

test("limits that are none are refused with what is wrong", async () => {
  const { call, name } = own();
  const key = { "Upstash-Flow-Control-Key": name };
  const faults: Record<string, string>[] = [
    key,
    { "Upstash-Flow-Control-Value": "parallelism=1" },
    { ...key, "Upstash-Flow-Control-Value": "parallelism=0" },
    { ...key, "Upstash-Flow-Control-Value": "parallelism=many" },
    { ...key, "Upstash-Flow-Control-Value": "rate=1, period=soon" },
    { ...key, "Upstash-Flow-Control-Value": "period=1s" },
    { ...key, "Upstash-Flow-Control-Value": "colour=1" },
  ];
  for (const headers of faults) {
    const answer = await call("POST", `/v2/publish/${nowhere}`, { headers });
    expect([headers, answer.status, typeof (await json(answer)).error]).toEqual([headers, 400, "string"]);
  }
  expect((await call("POST", `/v2/flowControl/${name}/pin?parallelism=none`)).status).toBe(400);
  expect((await call("GET", `/v2/flowControl/${name}-none`)).status).toBe(404);
});
