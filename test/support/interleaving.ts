import { sql } from "drizzle-orm";
import { cancelCampaign } from "../../src/campaign/control/cancel.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../src/campaign/control/pause.ts";
import { byChannel, externalNames } from "../../src/channels/catalog.ts";
import type { ExternalChannelName, SendBatch, Sender } from "../../src/channels/channel.ts";
import type { Context } from "../../src/context.ts";
import type { Database, RootDatabase } from "../../src/db/client.ts";
import { jobs } from "../../src/domains.ts";
import type { JobContext, JobResult } from "../../src/jobs/job.ts";
import { unpark } from "../../src/operations/queue/republishable.ts";
import { testContext } from "./graphql.ts";
import { ModelProviders, memberOf } from "./model-providers.ts";
import { accepted, addCampaign, runOfCampaign } from "./shop.ts";

/**
 * A message in the model's queue: it stays until a delivery of it is acknowledged, and may be delivered any number of
 * times.
 */
interface Message {
  readonly id: string;
  readonly name: string;
  readonly payload: unknown;
  notBefore: number;
}

/**
 * A delivery under way: the real job, halted before each write and inside each call of a provider until it is let go
 * on.
 */
interface Delivery {
  readonly message: Message;
  /** Lets it go on; `dice` (0 to 1) decides what the provider does. */
  resume: ((dice: number) => void) | undefined;
  ended: Promise<void>;
  over: boolean;
}

/**
 * One run under a queue that delivers at least once, in any order, and under servers that may stop anywhere: every step
 * is chosen from outside, so that a property test can look for an order of events that breaks something.
 */
export class Interleaving {
  readonly providers = new ModelProviders();
  readonly #db: RootDatabase;
  readonly #ctx: Context;
  #now = Date.now();
  #cursor = 0;
  #queue: Message[] = [];
  #dead: Message[] = [];
  #deliveries: Delivery[] = [];
  readonly #withdrawn = new Map<number, number>();
  readonly breaches: string[] = [];
  run = 0;
  #campaign = 0;

  constructor(db: RootDatabase) {
    this.#db = db;
    const base = testContext(db);
    const two = { batch: 2, parallelism: 1 };
    const settings = {
      ...base.settings,
      leaseMs: 1_000,
      pageSize: 2,
      batchWindow: 2,
      limits: byChannel(externalNames, () => two),
    };
    this.#ctx = { ...base, settings, clock: () => this.#now };
  }

  async begin(): Promise<void> {
    const cursor = await this.#db.first<{ seq: number }>(sql`SELECT coalesce(max(seq), 0) AS seq FROM outbox`);
    this.#cursor = cursor?.seq ?? 0;
    await this.#db.write([sql`UPDATE consent SET listed = 1`]);
    this.#campaign = await addCampaign(this.#ctx, { channels: ["EMAIL", "SMS"] });
    accepted(await launchCampaign(this.#ctx, { id: this.#campaign }));
    this.run = await runOfCampaign(this.#db, this.#campaign);
    await this.#collect();
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  /** Delivers one of the due messages, again if a delivery of it is under way. */
  async deliver(pick: number): Promise<void> {
    const due = this.#queue.filter(({ notBefore }) => notBefore <= this.#now);
    const message = due[Math.floor(pick * due.length)];
    if (message) await this.#start(message);
  }

  /** Lets one of the deliveries go on to its next write or call. */
  async step(pick: number, dice: number): Promise<void> {
    const delivery = this.#deliveries[Math.floor(pick * this.#deliveries.length)];
    if (delivery) await this.#resume(delivery, dice);
  }

  /**
   * The server of one delivery dies: what it has written stays, the rest never happens, and its message comes again.
   */
  crash(pick: number): void {
    this.#deliveries.splice(Math.floor(pick * this.#deliveries.length), 1);
  }

  /** The queue gives one message up. */
  async die(pick: number): Promise<void> {
    const message = this.#queue[Math.floor(pick * this.#queue.length)];
    if (!message || (message.name !== "channel-send" && message.name !== "campaign-page")) return;
    this.#queue = this.#queue.filter((one) => one !== message);
    this.#dead.push(message);
    await jobs.byName.get(message.name)?.park(this.#jobContext(this.#db), message.payload);
    await this.#collect();
  }

  async replay(): Promise<void> {
    for (const message of this.#dead.splice(0)) {
      await unpark(this.#ctx, { job: message.name, payload: message.payload });
      this.#queue.push({ ...message, id: Bun.randomUUIDv7() });
    }
  }

  async pause(): Promise<void> {
    await pauseCampaign(this.#ctx, { id: this.#campaign });
  }

  async resume(): Promise<void> {
    await resumeCampaign(this.#ctx, { id: this.#campaign });
    await this.#collect();
  }

  async cancel(): Promise<void> {
    await cancelCampaign(this.#ctx, { id: this.#campaign });
    await this.#collect();
  }

  async withdraw(member: number): Promise<void> {
    if (!this.#withdrawn.has(member)) this.#withdrawn.set(member, this.#now);
    await this.#db.write([sql`UPDATE consent SET listed = 0 WHERE member = ${member}`]);
  }

  /**
   * Ends all trouble and delivers what is left, in order. Nothing but the queue's own messages moves the run: no sweep
   * helps.
   */
  async finish(): Promise<void> {
    this.#deliveries = [];
    await this.resume();
    for (let rounds = 0; rounds < 500 && this.#queue.length + this.#dead.length > 0; rounds++) {
      if (this.#queue.length === 0) await this.replay();
      this.#now += 1_000;
      for (const message of this.#queue.filter(({ notBefore }) => notBefore <= this.#now)) {
        const delivery = await this.#start(message);
        while (!delivery.over) await this.#resume(delivery, 0);
      }
    }
  }

  async #start(message: Message): Promise<Delivery> {
    const delivery: Delivery = { message, resume: undefined, ended: Promise.resolve(), over: false };
    let halted = Promise.withResolvers<void>();
    const halt = async () => {
      const { promise, resolve } = Promise.withResolvers<number>();
      delivery.resume = (dice) => {
        halted = Promise.withResolvers<void>();
        delivery.ended = Promise.race([finished, halted.promise]);
        delivery.resume = undefined;
        resolve(dice);
      };
      halted.resolve();
      return promise;
    };
    const job = jobs.byName.get(message.name);
    if (!job) throw new Error(`there is no job ${message.name}`);
    const context = this.#jobContext(haltingDatabase(this.#db, halt), halt);
    const finished = job.run(context, message.payload).then((result) => this.#answer(delivery, result));
    delivery.ended = Promise.race([finished, halted.promise]);
    this.#deliveries.push(delivery);
    await delivery.ended;
    return delivery;
  }

  async #resume(delivery: Delivery, dice: number): Promise<void> {
    delivery.resume?.(dice);
    await delivery.ended;
    await this.#collect();
  }

  #answer(delivery: Delivery, result: JobResult): void {
    const { message } = delivery;
    delivery.over = true;
    this.#deliveries = this.#deliveries.filter((one) => one !== delivery);
    if (result.kind === "done") this.#queue = this.#queue.filter((one) => one !== message);
    if (result.kind === "retry") message.notBefore = this.#now + 1000 * result.afterSeconds;
    if (result.kind === "reject") this.breaches.push(`${message.name} was rejected: ${result.reason}`);
  }

  /** Takes what was enqueued since last time into the queue. */
  async #collect(): Promise<void> {
    const rows = await this.#db.all<{ seq: number; name: string; payload: string; not_before: number | null }>(
      sql`SELECT seq, name, payload, not_before FROM outbox WHERE seq > ${this.#cursor} ORDER BY seq`,
    );
    for (const { seq, name, payload, not_before } of rows) {
      this.#cursor = seq;
      this.#queue.push({ id: `m${seq}`, name, payload: JSON.parse(payload), notBefore: not_before ?? 0 });
    }
  }

  #jobContext(db: Database, halt: () => Promise<number> = async () => 0): JobContext {
    const sender = (name: ExternalChannelName): Sender => ({
      name,
      idempotent: name === "EMAIL",
      limits: { batch: 2, parallelism: 1 },
      timeoutMs: 500,
      send: async (batch) => {
        await this.#notice(name, batch);
        const dice = await halt();
        return name === "EMAIL" ? this.providers.email(batch, dice) : this.providers.sms(batch, dice);
      },
    });
    const senders = byChannel(externalNames, sender);
    return { ...this.#ctx, db, senders, jobs };
  }

  /** I14: whoever withdrew more than two seconds before the first try is not in it; later tries repeat the first. */
  async #notice(channel: string, { id, envelopes }: SendBatch): Promise<void> {
    const row = await this.#db.first<{ tried: number }>(
      sql`SELECT first_tried_at AS tried FROM batch WHERE id = ${id}`,
    );
    for (const { ref } of envelopes) {
      const ago = (row?.tried ?? 0) - (this.#withdrawn.get(memberOf(ref)) ?? this.#now);
      if (ago > 2_000) this.breaches.push(`${channel} is sent to ${ref}, who withdrew ${ago} ms before`);
    }
  }
}

/** The database as a delivery sees it: it halts before every write. */
function haltingDatabase(db: RootDatabase, halt: () => Promise<number>): Database {
  return {
    orm: db.orm,
    all: (query) => db.all(query),
    first: (query) => db.first(query),
    transaction: (work) => db.transaction(work),
    write: async (queries) => {
      await halt();
      return db.write(queries);
    },
  };
}
