import { parseArgs } from "node:util";
import { freePort } from "../test/support/port.ts";
import { type Measured, measureAll, mediansOf } from "./support/app-round.ts";
import { readShopOptions, shopOptions, withSeeded } from "./support/app-shop.ts";

const measured = "typename,claim,refusal,myCoupons,claimableCoupons,myInbox";

/**
 * What two servers that share a port do of what one does, in alternating rounds: all on one data directory, with its
 * Redis and a queue in a process of its own. Where cores are few, so are load generator, Redis and disk to share.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: shopOptions });
  const options = readShopOptions({ ...values, only: values.only || measured });
  const settings = { connections: 64, ...options };
  const rounds = await withSeeded(options, async ({ dir, operations, serve, start }) => {
    const queuePort = String(freePort());
    await start("queue-child.ts", dir, queuePort);
    const apart = { BROKER: "own-process", BROKER_PORT: queuePort };
    const one = await serve(apart);
    const shared = { ...apart, PORT: String(freePort()), PORT_SHARED: "1" };
    const two = [await serve(shared), await serve(shared)];
    const shop = {
      url: two[0]?.url ?? "",
      cpuMicros: () => two.reduce((sum, { cpuMicros }) => sum + cpuMicros(), 0),
    };
    return measureAll(operations, { shop, limitOf: () => `${one.url}/app` }, settings);
  });
  const result = { bench: "processes", operations: summary(rounds), settings };
  if (!values.json) console.error(Bun.inspect.table(result.operations));
  console.log(JSON.stringify(result));
}

/** Two processes beside one. */
function summary(rounds: readonly Measured[]) {
  return Object.fromEntries(
    mediansOf(rounds).map(({ name, limitPerSecond: perSecondOfOne, limitP99: p99OfOne, ...figures }) => [
      name,
      { ...figures, perSecondOfOne, p99OfOne },
    ]),
  );
}
