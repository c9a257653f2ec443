import { afterAll, expect, test } from "bun:test";
import { memberEnv, memberToken } from "../support/ask.ts";
import { beginPost, type HalfOpen } from "../support/half-open.ts";
import { counted, isLong } from "../support/length.ts";
import { type ServerProcess, startServer } from "../support/server-process.ts";
import { until } from "../support/wait.ts";

const servers: ServerProcess[] = [];
afterAll(() => {
  for (const server of servers) server.signal("SIGKILL");
});

async function start(...options: Parameters<typeof startServer>): Promise<ServerProcess> {
  const server = await startServer(...options);
  servers.push(server);
  return server;
}

const livesMs = async (url: string) => {
  const began = performance.now();
  const answer = await fetch(`${url}/livez`);
  if (answer.status !== 200) throw new Error(`/livez: ${answer.status}`);
  return performance.now() - began;
};

/** Begins a request that takes events and sends most of a body, again and again until told to stop. */
function hold(url: string, body: string) {
  const open = new Set<HalfOpen>();
  let [begun, isOver] = [0, false];
  const begin = () => {
    if (isOver) return;
    begun++;
    const headers = { accept: "text/event-stream" };
    const connection = beginPost(`${url}/app`, { headers, body, length: 1_000_000 });
    open.add(connection);
    void connection.closed.then(() => {
      open.delete(connection);
      setTimeout(begin, 100); // whom the server cuts off comes again, as an attacker does
    });
  };
  return {
    open,
    begin,
    begun: () => begun,
    stop: () => {
      isOver = true;
    },
  };
}

test("requests that never end hold neither the memory nor the process", async () => {
  const [connections, seconds] = [counted(20, 400), counted(0, 45)];
  const server = await start({});
  const before = await server.memory();
  const attack = hold(server.url, "x".repeat(900_000));
  for (let i = 0; i < connections; i++) attack.begin();
  await until(() => attack.begun() >= connections);
  let [peak, longest] = [0, 0];
  const ends = performance.now() + seconds * 1_000;
  do {
    longest = Math.max(longest, await livesMs(server.url));
    peak = Math.max(peak, await server.memory());
    if (isLong) await Bun.sleep(20); // asked fifty times a second
  } while (performance.now() < ends);
  attack.stop();
  const begun = attack.begun();
  const isBack = async () => (await server.memory()) < before + counted(400, 40);
  if (isLong) for (const connection of attack.open) connection.leave();
  await until(isBack, 30_000, "its memory to be free again");
  const after = await server.memory();
  const last = hold(server.url, "{");
  for (let i = 0; i < connections; i++) last.begin();
  await livesMs(server.url);
  const began = performance.now();
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  const stopMs = performance.now() - began;
  last.stop();
  for (const connection of [...attack.open, ...last.open]) connection.leave();
  if (!isLong) return;
  console.log({ connections, begun, before, peak, after, longest, stopMs });
  expect(stopMs).toBeLessThan(10_000);
}, 120_000);

test("streams leave enough of a process's descriptors for it to say that it lives", async () => {
  const server = await start({ ...memberEnv, STREAMS_PER_CALLER: "100" }, { members: 1, descriptors: 64 });
  const body = JSON.stringify({ query: "subscription { inboxChanged { unread } }" });
  const headers = { accept: "text/event-stream", authorization: `Bearer ${await memberToken(1)}` };
  const streams: HalfOpen[] = [];
  for (let i = 0; i < 60; i++) {
    const stream = beginPost(`${server.url}/app`, { headers, body, length: body.length });
    streams.push(stream);
    await until(() => /event: next|TOO_MANY|BUSY/.test(stream.said()));
  }
  await livesMs(server.url);
  const fed = streams.filter((stream) => stream.said().includes('"unread":0'));
  expect(fed.length).toBeGreaterThan(3);
  expect(fed.length).toBeLessThan(40);
  for (const stream of fed) expect(stream.said()).not.toContain("complete");
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  for (const stream of fed) expect(stream.said()).toMatch(/STOPPING.*event: complete/s);
});
