import { admit, reconcileGate } from "../../src/coupon/gate/gate.ts";
import { rowOf } from "../../src/ids.ts";
import { openRedis } from "../../src/redis/client.ts";
import { realWorld } from "../../src/world.ts";

// The limit of a claim: nothing but the gate script behind HTTP. bun claim-gate.ts <Redis home> <open template> <closed
// template>
const [, , home = "", open = "", closed = ""] = process.argv;
const redis = await openRedis({ kind: "url", url: `redis+unix://${home}/redis.sock` }, realWorld, () => {});
// Gates of its own: the same script on keys of the same shape.
const own = (template: string) => Number(template) + 1_000_000;
await reconcileGate(redis.client, own(open), 1_000_000_000);
await reconcileGate(redis.client, own(closed), 0);
let n = 0;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    const template = rowOf("CouponTemplate", request.headers.get("x-template") ?? "");
    const member = Number(request.headers.get("x-member"));
    const claim = { template: own(String(template)), member, token: `c${process.pid}-${n++}` };
    return Response.json(await admit(redis.client, claim, Date.now()));
  },
});
process.on("SIGTERM", () => process.exit(0));
console.log(`http://127.0.0.1:${server.port}`);
