import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { broker, stopAll } from "../queue/broker/support.ts";
import { type BrokerVictim, killBrokers, spawnBroker } from "../support/broker-victim.ts";
import { counted } from "../support/length.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { brokerTime, type Meant, meantMessage, openDestination } from "./broker-traffic.ts";

const messages = counted(1_000, 20_000);
const kills = counted(5, 100);
const patienceMs = counted(40_000, 600_000);
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);
const batchSize = 40;
/** A minute of the schedule in a second. */
const clock = { epoch: Date.now(), speed: 60 };
const minute = 60_000;

afterAll(stopAll);
afterAll(killBrokers);

test(
  `${kills} kills of the queue under ${messages} messages: none lost, none early, queues in order, every tick`,
  async () => {
    const random = seededRandom(seed);
    const path = join(tempDir(), "queue.db");
    const shop = openDestination(clock);
    const accepted = new Map<number, Meant & { readonly id: string }>();
    let published = 0;
    let pending: Meant[] = [];

    /** Publishes batch after batch until the broker is gone; an unanswered batch is published again as it was. */
    async function publish({ client }: BrokerVictim, until: number): Promise<void> {
      while (published < until || pending.length > 0) {
        if (pending.length === 0) {
          pending = Array.from({ length: batchSize }, (_, n) => meantMessage(shop.url, published + n, random));
          published += batchSize;
        }
        const sent = brokerTime(clock);
        const requests = pending.map(({ request }) => ({ ...request }));
        const answers = await client.batch(requests);
        for (const [n, meant] of pending.entries()) {
          const { messageId } = answers[n] as { messageId: string };
          // An earlier, unanswered try may have been accepted: only then may it arrive before this try's delay.
          const isFirst = !(answers[n] as { deduplicated?: boolean }).deduplicated;
          const notBefore = isFirst && meant.notBefore > 0 ? sent + meant.notBefore : 0;
          accepted.set(meant.number, { ...meant, notBefore, id: messageId });
        }
        if (random() < 0.2)
          await client.batch(pending.filter(({ kind }) => kind === "twin").map(({ request }) => ({ ...request })));
        pending = [];
        await Bun.sleep(random() * 30); // batches come at any moment
      }
    }

    for (let round = 0; round < kills; round++) {
      const victim = await spawnBroker(path, clock);
      if (round === 0) {
        await victim.client.schedules.create({
          scheduleId: "tick",
          destination: `${shop.url}/tick/-1`,
          cron: "* * * * *",
          retries: 1,
        });
      }
      const publishing = publish(victim, (messages * (round + 1)) / kills).catch(() => {});
      await Bun.sleep(random() * 300); // and so do kills
      await victim.kill();
      await publishing;
    }

    const last = await spawnBroker(path, clock);
    await publish(last, messages);
    const ticked = () => new Set(shop.arrivals.filter(({ kind }) => kind === "tick").map(({ id }) => id)).size;
    await until(() => ticked() > 2, patienceMs, "a few ticks");
    await last.client.schedules.pause({ schedule: "tick" });
    const survivor = async () =>
      (await last.client.queue({ queueName: "queue-0" }).list()).every(({ lag }) => lag === 0);
    await until(survivor, patienceMs, "the queues to be empty");
    await last.kill();

    // What is left is delivered by a broker of this process, whose file can be looked at.
    const end = await broker({ path, clock: () => brokerTime(clock) });
    await until(() => end.backlog() === 0, patienceMs, "everything to be delivered or dead");
    const dead = await deadIds(end.client);
    const delivered = new Set(shop.arrivals.filter(({ answered }) => answered === 200).map(({ id }) => id));
    const all = [...accepted.values()];
    report(all, shop.arrivals.length, dead.size, ticksOf(path).length);

    expect(all.length).toBe(messages);
    expect(all.filter(({ id }) => !delivered.has(id) && !dead.has(id)).map(({ number }) => number)).toEqual([]);
    expect(all.filter(({ id, kind }) => dead.has(id) !== (kind === "hopeless")).map(({ number }) => number)).toEqual(
      [],
    );
    expect(early(all, shop.arrivals)).toEqual([]);
    expect(outOfOrder(shop.arrivals)).toEqual([]);
    expect(doubled(shop.arrivals)).toEqual([]);
    const ticks = ticksOf(path);
    expect(ticks.length).toBeGreaterThan(2);
    expect(ticks).toEqual(ticks.map((_, n) => (ticks[0] ?? 0) + n * minute));
    await shop.stop();
  },
  patienceMs,
);

type Arrivals = ReturnType<typeof openDestination>["arrivals"];

function early(all: readonly Meant[], arrivals: Arrivals): number[] {
  const notBefore = new Map(all.map((meant) => [meant.number, meant.notBefore]));
  return arrivals.filter(({ number, at }) => at < (notBefore.get(number) ?? 0)).map(({ number }) => number);
}

/** Numbers that arrived in their queue after a higher one: a repeated delivery is one of the message that was last. */
function outOfOrder(arrivals: Arrivals): number[] {
  const latest = new Map<number, number>();
  return arrivals.flatMap(({ kind, number }) => {
    if (kind !== "ordered") return [];
    const queue = number % 5;
    const before = latest.get(queue) ?? -1;
    latest.set(queue, Math.max(before, number));
    return number < before ? [number] : [];
  });
}

/** Numbers that two different messages brought, though they had the same deduplication id. */
function doubled(arrivals: Arrivals): number[] {
  const ids = new Map<number, string>();
  return arrivals.flatMap(({ kind, number, id }) => {
    const known = ids.get(number);
    ids.set(number, id);
    return kind !== "tick" && known !== undefined && known !== id ? [number] : [];
  });
}

/** The ticks that messages were made for, as the broker's file has them. */
function ticksOf(path: string): number[] {
  using db = new Database(path, { readonly: true });
  const rows = db
    .query<{ starts: number }, []>("SELECT starts FROM message WHERE schedule = 'tick' ORDER BY starts")
    .all();
  return rows.map(({ starts }) => starts);
}

async function deadIds(client: BrokerVictim["client"]): Promise<Set<string>> {
  const ids = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await client.dlq.listMessages(cursor === undefined ? {} : { cursor });
    for (const { messageId } of page.messages) ids.add(messageId);
    cursor = page.cursor;
  } while (cursor);
  return ids;
}

function report(all: readonly Meant[], arrivals: number, dead: number, ticks: number): void {
  const byKind = Object.entries(Object.groupBy(all, ({ kind }) => kind)).map(
    ([kind, list]) => `${list.length} ${kind}`,
  );
  console.log(
    `${kills} kills, seed ${seed}: ${all.length} accepted (${byKind.join(", ")}), ` +
      `${arrivals} deliveries, ${dead} dead, ${ticks} ticks`,
  );
}
