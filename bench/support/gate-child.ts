import { admit, reconcileGate } from "../../src/coupon/gate/gate.ts";
import { openRedis } from "../../src/redis/client.ts";
import { realWorld } from "../../src/world.ts";

// The limit of a claim: nothing but the gate script behind HTTP, on the requests that the shop gets: bun gate-child.ts
// <Redis home>; prints its address. `/open` never runs out, `/closed` has nothing; the member is told by the address.
const [, , home = ""] = process.argv;
const redis = await openRedis({ kind: "url", url: `redis+unix://${home}/redis.sock` }, realWorld, () => {});
// Gates of its own: the same script on keys of the same shape.
const gates: Readonly<Record<string, number>> = { "/open": 1_000_001, "/closed": 1_000_002 };
await reconcileGate(redis.client, 1_000_001, 1_000_000_000);
await reconcileGate(redis.client, 1_000_002, 0);
let n = 0;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    const template = gates[request.url.slice(request.url.lastIndexOf("/"))] ?? 0;
    const [, b, c, d] = (request.headers.get("x-forwarded-for") ?? "").split(".").map(Number);
    const member = ((b ?? 0) << 16) | ((c ?? 0) << 8) | (d ?? 0);
    const claim = { template, member, token: `c${process.pid}-${n++}` };
    return Response.json(await admit(redis.client, claim, Date.now()));
  },
});
process.on("SIGTERM", () => process.exit(0));
console.log(`http://127.0.0.1:${server.port}`);
