import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { until } from "../../support/wait.ts";
import { broker, destination, stopAll } from "./support.ts";

afterEach(stopAll);

/** A destination that answers when told to, and knows the most calls it had at once. */
function gated() {
  const open: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const shop = destination(async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => open.push(resolve));
    running -= 1;
    return new Response("ok");
  });
  return { shop, letOne: () => open.shift()?.(), waiting: () => open.length, most: () => most };
}

test("no more calls of a flow key run at once than its parallelism, whatever their destinations", async () => {
  const { shop, letOne, waiting, most } = gated();
  const { client, backlog } = await broker();
  const flowControl = { key: "email", parallelism: 3 };
  await client.batch([1, 2, 3, 4, 5, 6, 7].map((n) => ({ url: `${shop.url}/${n}`, flowControl })));
  await until(() => waiting() === 3);
  await Bun.sleep(20); // a fourth would have come
  expect(shop.deliveries.length).toBe(3);
  await until(() => {
    letOne();
    return backlog() === 0;
  });
  expect(most()).toBe(3);
  expect(shop.deliveries.map(({ path }) => path)).toEqual(["/1", "/2", "/3", "/4", "/5", "/6", "/7"]);
});

test("no more calls of a flow key are made in a period than its rate", async () => {
  const shop = destination();
  const { client, pass } = await broker();
  const flowControl = { key: "sms", rate: 2, period: "1h" } as const;
  await client.batch([1, 2, 3, 4, 5].map((n) => ({ url: `${shop.url}/${n}`, flowControl })));
  for (const n of [2, 4, 5]) {
    await until(() => shop.deliveries.length === n);
    await Bun.sleep(25); // one more would have come
    expect(shop.deliveries.length).toBe(n);
    pass(3_600_000);
  }
});

test("the latest limits of a flow key win, also for messages that wait already", async () => {
  const { shop, waiting } = gated();
  const { client } = await broker();
  const publish = (parallelism: number) => client.publish({ url: shop.url, flowControl: { key: "k", parallelism } });
  for (let n = 0; n < 5; n++) await publish(1);
  await until(() => waiting() === 1);
  await publish(4);
  await until(() => waiting() === 4);
});

test("a raised rate sets free what waited for the old one's period", async () => {
  const shop = destination();
  const { client } = await broker();
  const publish = (rate: number, period: "1d" | "1s", delay: "0s" | "1h") =>
    client.publish({ url: shop.url, delay, flowControl: { key: "k", rate, period } });
  for (let n = 0; n < 3; n++) await publish(1, "1d", "0s");
  await until(() => shop.deliveries.length === 1);
  await publish(100, "1s", "1h");
  await until(() => shop.deliveries.length === 3);
});

test("limits survive a restart", async () => {
  const shop = destination();
  const first = await broker();
  const flowControl = { key: "k", parallelism: 2 };
  await first.client.batch([1, 2, 3, 4].map((n) => ({ url: `${shop.url}/${n}`, delay: "1h" as const, flowControl })));
  await first.stop();
  let most = 0;
  let running = 0;
  const deliver = async () => {
    most = Math.max(most, ++running);
    await Bun.sleep(5); // calls overlap
    running -= 1;
    return new Response();
  };
  const second = await broker({ path: first.path, deliver });
  second.pass(3_600_000);
  await until(() => second.backlog() === 0);
  expect(most).toBe(2);
});

test("destinations that hang hold up no other", async () => {
  const hanging = [1, 2, 3, 4].map(() => destination(() => new Promise<Response>(() => {})));
  const shop = destination();
  const { client } = await broker();
  for (const { url } of hanging) {
    await client.batch(Array.from({ length: 80 }, () => ({ url })));
  }
  await until(() => hanging.every(({ deliveries }) => deliveries.length >= 8));
  await client.batch(Array.from({ length: 100 }, (_, n) => ({ url: `${shop.url}/${n}` })));
  await until(() => shop.deliveries.length === 100);
});

test("a queue longer than what is held in memory is delivered whole, each message once, in order", async () => {
  const seen: string[] = [];
  const deliver = async (request: Request) => {
    seen.push(new URL(request.url).pathname);
    return new Response();
  };
  const { client, backlog, pass } = await broker({ deliver });
  const flowControl = { key: "k", parallelism: 1 };
  const later = Array.from(
    { length: 300 },
    (_, n) => ({ url: `http://shop.test/${n}`, delay: "1h", flowControl }) as const,
  );
  for (let at = 0; at < 300; at += 100) await client.batch(later.slice(at, at + 100));
  expect(backlog()).toBe(300);
  pass(3_600_000);
  const sooner = Array.from({ length: 300 }, (_, n) => ({ url: `http://shop.test/${300 + n}`, flowControl }));
  for (let at = 0; at < 300; at += 100) await client.batch(sooner.slice(at, at + 100));
  await until(() => backlog() === 0);
  expect(seen).toEqual(Array.from({ length: 600 }, (_, n) => `/${n}`));
});

test("destinations that answer at once leave the process time for everything else", async () => {
  let delivered = 0;
  const deliver = async () => {
    delivered += 1;
    return new Response();
  };
  const { client, backlog, pass } = await broker({ deliver });
  for (let n = 0; n < 20; n++) {
    await client.batch(Array.from({ length: 100 }, () => ({ url: "http://shop.test/", delay: "1h" as const })));
  }
  pass(3_600_000);
  await until(() => delivered > 0);
  expect(delivered).toBeLessThan(1_000);
  await until(() => backlog() === 0);
  expect(delivered).toBe(2_000);
});

test("many keys due at once are all served", async () => {
  const { client, backlog, pass } = await broker({ deliver: async () => new Response() });
  for (let batch = 0; batch < 25; batch++) {
    await client.batch(
      Array.from({ length: 100 }, (_, n) => ({
        url: "http://shop.test/",
        delay: "1h" as const,
        flowControl: { key: `member ${batch * 100 + n}`, parallelism: 1 },
      })),
    );
  }
  pass(3_600_000);
  await until(() => backlog() === 0);
});

test("more paused keys than the broker holds keep nobody else waiting, and each goes on when resumed", async () => {
  const keys = 10_500;
  const seen = new Set<string>();
  const deliver = async ({ url }: Request) => {
    seen.add(new URL(url).pathname);
    return new Response();
  };
  const { call, path, stop } = await broker({ deliver });
  const message = (n: number) => ({
    destination: `http://shop.test/${n}`,
    headers: {
      "Upstash-Delay": "1h",
      "Upstash-Flow-Control-Key": `member ${n}`,
      "Upstash-Flow-Control-Value": "parallelism=1",
    },
  });
  await call("POST", "/v2/batch", { body: JSON.stringify(Array.from({ length: keys }, (_, n) => message(n))) });
  await stop();
  using db = new Database(path);
  db.run("UPDATE flow SET paused = 1");
  db.close();
  const again = await broker({ deliver, path });
  again.pass(3_600_000);
  await until(async () => (await again.client.flowControl.get(`member ${keys - 1}`)).waitListSize === 1);
  for (let n = 0; n < 60; n++) {
    await again.client.publish({ url: `http://shop${n}.test/other/${n}` });
    await Bun.sleep(10); // while the paused keys come due
  }
  await until(() => seen.size === 60);
  expect([...seen].every((where) => where.startsWith("/other/"))).toBe(true);
  for (const n of [0, 5_000, keys - 1]) await again.client.flowControl.resume(`member ${n}`);
  await until(() => seen.size === 63);
});

test("with more keys under way than the broker holds, the others get their turn when those are done", async () => {
  const keys = 10_050;
  const seen = new Set<string>();
  const deliver = async ({ url }: Request) => {
    seen.add(new URL(url).pathname);
    return new Response();
  };
  const { call, client, pass } = await broker({ deliver });
  const message = (n: number) => ({
    destination: `http://shop.test/${n}`,
    headers: { "Upstash-Flow-Control-Key": `member ${n}`, "Upstash-Flow-Control-Value": "rate=1, period=1h" },
  });
  await client.flowControl.pause("held");
  await client.publish({ url: "http://shop.test/held", flowControl: { key: "held", parallelism: 1 } });
  pass(61_000); // time goes by, and the table is looked through
  await call("POST", "/v2/batch", { body: JSON.stringify(Array.from({ length: keys }, (_, n) => message(n))) });
  await until(() => seen.size === 10_000);
  await client.publish({ url: "http://shop.test/other" });
  await client.flowControl.resume("held");
  pass(3_600_000);
  await until(() => seen.size === keys + 2);
});

test("a clock that is set back is believed: what was due and could not go is due by the clock as it is", async () => {
  const shop = destination();
  let now = Date.now();
  const { client } = await broker({ clock: () => now });
  await client.flowControl.pause("held");
  const flowControl = { key: "held", parallelism: 1 };
  await client.publish({ url: shop.url, delay: "1h", flowControl });
  now += 3_600_000;
  await until(async () => (await client.flowControl.get("held")).waitListSize === 1);
  now -= 3_600_000;
  await client.flowControl.resume("held");
  await until(async () => (await client.flowControl.get("held")).waitListSize === 0);
  now += 3_600_000;
  await shop.first();
});
