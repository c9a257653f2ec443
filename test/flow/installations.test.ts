import { afterAll, expect, test } from "bun:test";
import { nameAtQueue } from "../../src/queue/installation.ts";
import { stopAll } from "../queue/broker/support.ts";
import { hire } from "../support/operators.ts";
import { freePort } from "../support/port.ts";
import { act, openMessages } from "../support/queue.ts";
import { type Asked, hurriedWorld, openAccount, type QueueAccount } from "../support/queue-account.ts";
import { closeShops, openShop, type Shop, type ShopOptions } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const accounts: QueueAccount[] = [];
afterAll(async () => {
  await closeShops();
  for (const account of accounts) account.close();
  await stopAll();
});

async function account(): Promise<QueueAccount> {
  const opened = await openAccount();
  accounts.push(opened);
  return opened;
}

const install = ({ env }: QueueAccount, options: ShopOptions = {}) =>
  openShop({ world: hurriedWorld, ...options, env: { ...env, ...options.env } });

/** What `/readyz` says of the sweeps, with its status. */
async function readyz({ app }: Shop) {
  const answer = await fetch(`${app.url}/readyz`);
  return { status: answer.status, ...(await answer.json()) };
}

const sweepName = ({ app }: Shop) => nameAtQueue(app.queue.settings, "sweep");

/** Lets a minute pass at the queue, and waits until a sweep has come to the shop. */
async function swept(queue: QueueAccount, shop: Shop): Promise<void> {
  const before = (await readyz(shop)).sweeps.lastAt;
  queue.pass(60_000);
  await until(async () => (await readyz(shop)).sweeps.lastAt !== before, undefined, "a sweep");
}

test("two installations on one queue, a schedule deleted, one taken over: both sweep on and say so", async () => {
  const queue = await account();
  const told: string[] = [];
  const log: ShopOptions["log"] = (level, event, fields = {}) => told.push(`${level} ${event} ${fields.was ?? ""}`);
  const [one, two] = [await install(queue, { log }), await install(queue)];
  for (const shop of [one, two]) await swept(queue, shop);
  await queue.client.schedules.delete(sweepName(one));
  const destination = `${one.app.url}/jobs/sweep`;
  await queue.client.schedules.create({ scheduleId: sweepName(two), cron: "0 0 1 1 *", destination });
  await queue.client.schedules.pause({ schedule: nameAtQueue(two.app.queue.settings, "coupon-expire") });
  const mended = async (shop: Shop) => (await readyz(shop)).sweeps.mended.map(({ was }: { was: string }) => was).sort();
  await until(async () => (await mended(two)).length === 2 && (await mended(one)).length === 1, undefined, "mending");
  expect([await mended(one), await mended(two)]).toEqual([["MISSING"], ["FOREIGN", "PAUSED"]]);
  for (const shop of [one, two]) await swept(queue, shop);
  const viewer = await hire(two, "v", "viewer");
  const { queueStatus } = await viewer.get("{ queueStatus { sweeps { coming error mended { name was } } } }");
  expect(queueStatus.sweeps).toMatchObject({ coming: true, error: null });
  expect(queueStatus.sweeps.mended).toContainEqual({ name: sweepName(two), was: "FOREIGN" });
  expect(await (await fetch(`${one.app.url}/metrics`)).text()).toMatch(
    /fanfare_queue_mended_total\{was="MISSING"\} \d/,
  );
  expect(told).toContain("warn queue.mended MISSING");
});

test("schedules of earlier versions go where they call us, and are left alone where they call another", async () => {
  const queue = await account();
  const port = freePort();
  const ours = `http://127.0.0.1:${port}/jobs`;
  const old = { cron: "* * * * *", retries: 0 };
  const { schedules } = queue.client;
  await schedules.create({ ...old, scheduleId: "fanfare-sweep", destination: `${ours}/sweep` });
  await schedules.create({
    ...old,
    scheduleId: "fanfare-coupon-expire",
    destination: "http://127.0.0.1:1/jobs/coupon-expire",
  });
  await schedules.create({ ...old, scheduleId: "nightly", destination: `${ours}/sweep` });
  const shop = await install(queue, { env: { PORT: String(port) } });
  await install(queue);
  const left = (await schedules.list()).map(({ scheduleId }) => scheduleId);
  expect(left.filter((id) => !/^fanfare-\w{12}\./.test(id)).sort()).toEqual(["fanfare-coupon-expire", "nightly"]);
  expect(left.filter((id) => id.endsWith(".sweep")).length).toBe(2);
  expect(left).toContain(sweepName(shop));
});

/** Every name in a request to the queue. */
function namesIn({ path, headers, body, method }: Asked): string[] {
  const ofHeaders = (given: Headers) =>
    ["schedule-id", "label", "deduplication-id", "flow-control-key", "queue-name"].flatMap(
      (name) => given.get(`upstash-${name}`) ?? [],
    );
  const items: { destination: string; headers: Record<string, string>; queue?: string }[] =
    path === "/v2/batch" ? JSON.parse(body) : [];
  const [, named] = /^\/v2\/(?:topics|flowControl|queues|schedules)\/([^/?]+)/.exec(path) ?? [];
  const isAddress = (text: string) => /^https?(:|%3a)/i.test(text);
  return [
    ...(named !== undefined && !isAddress(named) ? [decodeURIComponent(named)] : []),
    ...(method === "POST" ? ofHeaders(headers) : []),
    ...items.flatMap((item) => [
      ...(isAddress(item.destination) ? [] : [item.destination]),
      ...(item.queue === undefined ? [] : [item.queue]),
      ...ofHeaders(new Headers(item.headers)),
    ]),
  ];
}

test("every name that the queue is given carries the installation", async () => {
  const queue = await account();
  const shop = await install(queue);
  const admin = await hire(shop, "a", "admin");
  await shop.members(30);
  await act(admin, "pauseFlow", { flow: "SMS" });
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL", "SMS"] });
  await until(async () => (await shop.ledger(run))["EMAIL SENT"] === 30);
  await act(admin, "setFlowLimits", { flow: "SMS", parallelism: 3, rate: 50 });
  await act(admin, "resumeFlow", { flow: "SMS" });
  await shop.becomes(run, "COMPLETED");
  await act(admin, "clearFlowLimits", { flow: "SMS" });
  await until(() => shop.idle(), undefined, "the run's end to be announced");
  const names = queue.asked.flatMap(namesIn);
  const prefix = nameAtQueue(shop.app.queue.settings, "");
  expect(names.filter((name) => !name.startsWith(prefix))).toEqual([]);
  const kinds = new Set(names.map((name) => name.slice(prefix.length)));
  for (const kind of ["sweep", "events", "EMAIL", "SMS", "channel-send"]) expect(kinds).toContain(kind);
  const { schedules, urlGroups, flowControl } = queue.client;
  expect((await schedules.list()).every(({ scheduleId }) => scheduleId.startsWith(prefix))).toBe(true);
  expect((await urlGroups.list()).map(({ name }) => name)).toEqual([`${prefix}events`]);
  expect(await flowControl.get(`${prefix}SMS`)).toMatchObject({ isPaused: false });
});

test("sweeps that do not come are told by /readyz, and no message is promised one", async () => {
  const queue = await account();
  const shop = await install(queue);
  const viewer = await hire(shop, "v", "viewer");
  expect(await readyz(shop)).toMatchObject({ status: 200, sweeps: { coming: true, error: null } });
  await shop.members(3);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "COMPLETED");
  shop.pass(151_000); // the queue's clock stands: none comes
  expect(await readyz(shop)).toMatchObject({ status: 503, ready: false, queue: true, sweeps: { coming: false } });
  const later = await shop.launched({ channels: ["EMAIL"], startsAt: shop.ctx.clock() + 30_000 });
  const isThere = async () => (await openMessages(viewer, later))[0]?.why.verdict === "DELAYED";
  await until(isThere, undefined, "its start to wait in the queue");
  const waiting = (await openMessages(viewer, later))[0]!;
  const admin = await hire(shop, "a", "admin");
  expect(await act(admin, "cancelMessage", { messageId: waiting.messageId })).toMatchObject({
    queueState: "CANCELLED",
  });
  const [cancelled] = await openMessages(viewer, later);
  expect(cancelled?.why.verdict).toBe("CANCELLED");
  expect(cancelled?.why.advice).toContain("has not come since");
  expect(cancelled?.why.advice).not.toContain("within two minutes");
});

test("messages of the embedded queue outlive a change of port, and those that name a port are taken", async () => {
  const dataDir = tempDir();
  const before = await openShop({ dataDir });
  const { client, settings } = before.app.queue;
  await client.publish({ url: `${settings.jobsUrl}/coupon-expire`, body: "{}", delay: 3_600 });
  await client.publish({ url: `${before.app.url}/jobs/coupon-expire`, body: "{}", retries: 0 });
  const delivered = async ({ app }: Shop) =>
    (await app.queue.client.logs()).logs.filter(
      ({ state, url }) => state === "DELIVERED" && /coupon-expire$/.test(url),
    );
  await until(async () => (await delivered(before)).some(({ url }) => url.startsWith(before.app.url)));
  await before.stop();
  const after = await openShop({ dataDir });
  expect(after.app.url).not.toBe(before.app.url);
  const ours = nameAtQueue(settings, "");
  const { schedules, urlGroups } = after.app.queue.client;
  const names = [
    ...(await schedules.list()).map((each) => each.scheduleId),
    ...(await urlGroups.list()).map((each) => each.name),
  ];
  expect(names.filter((name) => !name.startsWith(ours))).toEqual([]);
  after.pass(3_600_000);
  await until(async () => (await delivered(after)).some(({ url }) => url.startsWith(settings.jobsUrl)));
  expect((await after.app.queue.client.dlq.listMessages()).messages).toEqual([]);
});
