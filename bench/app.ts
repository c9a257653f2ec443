import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Measured, measureAll, mediansOf } from "./support/app-round.ts";
import { readShopOptions, shopOptions, withSeeded } from "./support/app-shop.ts";

/**
 * What members' apps ask for, through `/app` and with their own tokens: requests per second over 64 connections, and
 * latencies in ms, each beside its limit in alternating rounds of the same load generator – a bare `Bun.serve` handler,
 * or for claims one that runs only the gate script. The documents are those of `bench/app`. "Cold" is a member who was
 * not asked for before in this run. Answers are looked at before and while it measures: a wrong one has failed.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: shopOptions });
  const options = readShopOptions(values);
  const settings = { connections: 64, ...options };
  const rounds = await withSeeded(options, async ({ dir, operations, serve, start }) => {
    const shop = await serve();
    const bare = await start("bare-child.ts");
    const gate = await start("gate-child.ts", join(dir, "redis"));
    const limitOf = (limit: string) => (limit === "bare" ? bare.url : `${gate.url}/${limit}`);
    return measureAll(operations, { shop, limitOf }, settings);
  });
  const result = { bench: "app", operations: summary(rounds), settings };
  if (!values.json) console.error(Bun.inspect.table(result.operations));
  console.log(JSON.stringify(result));
}

function summary(rounds: readonly Measured[]) {
  return Object.fromEntries(mediansOf(rounds).map(({ name, limitP99: _, ...figures }) => [name, figures]));
}
