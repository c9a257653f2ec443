import { createBunRedisClient, Queue, Worker } from "bullmq";

// One part of BullMQ's side, a process of its own under bun or node: adding jobs, or processing what is there with an
// empty handler. broker-bullmq-child.ts add|work <client> <socket> <jobs> <concurrency> <data bytes>

const [part, client, socket = "", jobs = "0", concurrency = "1", bytes = "0"] = process.argv.slice(2);
const total = Number(jobs);
/** The first third of the jobs warms the worker up, as half as many deliveries as are measured warm up the broker. */
const warmUp = Math.floor(total / 3);
const name = "bench";
const connection =
  client === "bun"
    ? createBunRedisClient(new Bun.RedisClient(`redis+unix://${socket}`))
    : { path: socket, maxRetriesPerRequest: null };
const data = { page: 17, text: "x".repeat(Math.max(0, Number(bytes) - 22)) };
const opts = { removeOnComplete: true };
const perSecond = (count: number, began: number) => (count / (performance.now() - began)) * 1000;

/** So many calls of `send` at a time, until all is added. */
async function lines(width: number, count: number, send: () => Promise<unknown>): Promise<void> {
  let left = count;
  const line = async () => {
    while (left-- > 0) await send();
  };
  await Promise.all(Array.from({ length: width }, line));
}

async function add() {
  const queue = new Queue(name, { connection });
  await queue.waitUntilReady();
  const half = Math.ceil(total / 2);
  const hundreds = Math.ceil((total - half) / 100);
  let began = performance.now();
  await lines(64, half, () => queue.add("job", data, opts));
  const single = perSecond(half, began);
  began = performance.now();
  await lines(8, hundreds, () => queue.addBulk(Array.from({ length: 100 }, () => ({ name: "job", data, opts }))));
  return { single, bulk: perSecond(hundreds * 100, began), jobs: half + hundreds * 100 };
}

async function work() {
  const worker = new Worker(name, async () => {}, { connection, concurrency: Number(concurrency), autorun: false });
  await worker.waitUntilReady();
  let done = 0;
  let began = 0;
  const all = new Promise<number>((resolve) => {
    worker.on("completed", () => {
      done += 1;
      if (done === warmUp) began = performance.now();
      if (done === total) resolve(perSecond(total - warmUp, began));
    });
  });
  worker.run();
  return { processed: await all };
}

console.log(JSON.stringify(part === "add" ? await add() : await work()));
process.exit(0);
