// The destination of the broker's bench, a process of its own: a handler that does nothing but answer 200, one that
// also notes how long each message was under way (its body is the time it was published), and what both have seen so
// far.

const now = () => performance.timeOrigin + performance.now();
const place = { hostname: "127.0.0.1", port: 0, idleTimeout: 0 } as const;
let calls = 0;
let last = 0;
let waits: number[] = [];

const empty = Bun.serve({
  ...place,
  fetch() {
    calls += 1;
    last = now();
    return new Response();
  },
});

const timed = Bun.serve({
  ...place,
  async fetch(request) {
    const arrived = now();
    waits.push(arrived - Number(await request.text()));
    return new Response();
  },
});

const seen = Bun.serve({
  ...place,
  routes: {
    "/calls": () => Response.json({ calls, last }),
    "/waits": () => Response.json(waits),
    "/forget": () => {
      [calls, last, waits] = [0, 0, []];
      return new Response();
    },
  },
});

const port = (server: Bun.Server<unknown>) => `http://127.0.0.1:${server.port}`;
console.log(`ready ${JSON.stringify({ empty: port(empty), timed: port(timed), seen: port(seen) })}`);
