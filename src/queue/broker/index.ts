import { deadLetterRoutes } from "./api/dead-letters.ts";
import { flowControlRoutes } from "./api/flow-control.ts";
import { type Routes, serve } from "./api/http.ts";
import { createKeys, keyRoutes } from "./api/keys.ts";
import { logRoutes } from "./api/log.ts";
import { messageRoutes } from "./api/messages.ts";
import { largestBatch, publishRoutes } from "./api/publish.ts";
import { queueRoutes } from "./api/queues.ts";
import { receiverRoutes } from "./api/receivers.ts";
import { keepSchedule, scheduleRoutes } from "./api/schedules.ts";
import { urlGroupRoutes } from "./api/url-groups.ts";
import { createClock, setBackBy, shortenWaits } from "./clock.ts";
import { deliver } from "./delivery/deliver.ts";
import { Dispatcher } from "./delivery/dispatcher.ts";
import { createOutcomeWriter } from "./delivery/outcome-writer.ts";
import { createReceivers } from "./delivery/receivers.ts";
import { queueLane } from "./lane-key.ts";
import type { Message } from "./records.ts";
import { createTicker } from "./schedule/ticker.ts";
import type { Placed } from "./store/accept.ts";
import { Committer } from "./store/commit.ts";
import { openStore } from "./store/store.ts";
import { createSweeper } from "./store/sweeper.ts";

export interface BrokerOptions {
  /** The SQLite file of the queue; made where it is missing. */
  readonly path: string;
  /** Port on 127.0.0.1; 0 takes any. */
  readonly port: number;
  /** The bearer token that clients must present. */
  readonly token: string;
  readonly currentSigningKey: string;
  readonly nextSigningKey: string;
  /** Those who take, for as long as it runs, what is for a standing origin; others announce themselves. */
  readonly receivers?: readonly { readonly origin: string; readonly receiver: string }[];
  /** Makes the calls; `fetch` unless told otherwise. */
  readonly deliver?: (request: Request) => Promise<Response>;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
  readonly log?: (event: string, fields: Record<string, unknown>) => void;
}

export interface Broker {
  /** Base URL for the SDK's client. */
  readonly url: string;
  /** Takes nothing more, gives deliveries under way a moment, and closes the file. */
  stop(): Promise<void>;
  /** Messages not yet delivered or dead. */
  backlog(): number;
}

/** A clock of the caller's may be moved at any time, so it is looked at often. */
const movedClockSleepMs = 20;
/** How long stopping waits for deliveries under way; the others are delivered again. */
const drainMs = 1_000;

/**
 * Starts a queue that speaks QStash's HTTP protocol: what it answers is on disk, what is on disk is delivered at least
 * once, signed, and never before its time. Messages that a crash caught under way are delivered again.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const machine = assemble(options);
  const { store, committer, dispatcher, ticker, stopping } = machine;
  const server = listen(options, routesOf(machine));
  heedSteps(machine, options);
  dispatcher.start();
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    dispatcher.stop();
    ticker.stop();
    await server.stop(true);
    const deadline = performance.now() + drainMs;
    while (dispatcher.running > 0 && performance.now() < deadline) await Bun.sleep(2);
    stopping.abort();
    committer.flush();
    store.close();
  }
  return {
    url: `http://127.0.0.1:${server.port}`,
    backlog: store.waiting,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function assemble(options: BrokerOptions) {
  const { log = () => {}, clock } = options;
  const store = openStore(options.path);
  const committer = new Committer(store);
  const { now, onStepBack } = createClock(clock ?? Date.now);
  const keys = createKeys(store, { current: options.currentSigningKey, next: options.nextSigningKey });
  const stopping = new AbortController();
  const receivers = createReceivers();
  for (const { origin, receiver } of options.receivers ?? []) receivers.announce(origin, receiver);
  const signing = () => ({ deliver: options.deliver, currentSigningKey: keys.of().current });
  const run = (message: Message) =>
    deliver({ store, receivers, dispatcher, outcomes, options: signing, stopping: stopping.signal }, message);
  const onAlarm = (time: number) => {
    ticker.check();
    sweeper.onAlarm(time);
  };
  const dispatcher = new Dispatcher({ store, now, run, onAlarm, maxSleepMs: clock && movedClockSleepMs });
  const alarmAt = dispatcher.alarm.at;
  const onPlaced = (placed: readonly Placed[]) => {
    dispatcher.add(placed);
    sweeper.onActivity(now());
  };
  const outcomes = createOutcomeWriter({ store, committer, dispatcher, onPlaced, now, log });
  const ticker = createTicker({ store, committer, now, alarmAt, onPlaced });
  const sweeper = createSweeper({ store, committer, alarmAt, onSwept: (time) => dispatcher.lanes.dropIdle(time) });
  const onLimits = (lane: string) => dispatcher.refresh(lane);
  const onQueues = (names: ReadonlySet<string>) => {
    for (const name of names) onLimits(queueLane(name));
  };
  const hears = { onPlaced, onLimits, onQueues, onChange: ticker.check };
  return { store, committer, dispatcher, receivers, ticker, stopping, now, onStepBack, keys, ...hears };
}

/** After the clock was set back, also while the broker was away, nothing waits longer than it was told to. */
function heedSteps(machine: ReturnType<typeof assemble>, { log = () => {} }: BrokerOptions): void {
  const { dispatcher, ticker, stopping } = machine;
  const again = () => {
    dispatcher.restart();
    ticker.check();
  };
  const heed = (ms: number) => {
    if (stopping.signal.aborted) return;
    log("clock.stepped", { ms: -ms });
    shortenWaits(machine).then(again, (error) => log("broker.fault", { error: String(error) }));
  };
  machine.onStepBack(heed);
  const before = setBackBy(machine);
  if (before > 0) heed(before);
}

function routesOf(machine: ReturnType<typeof assemble>): Routes {
  return {
    ...publishRoutes({ ...machine, onCron: (asked) => keepSchedule(machine, asked) }),
    ...messageRoutes(machine),
    ...queueRoutes(machine),
    ...urlGroupRoutes(machine),
    ...flowControlRoutes(machine),
    ...scheduleRoutes(machine),
    ...deadLetterRoutes(machine),
    ...logRoutes(machine),
    ...keyRoutes(machine),
    ...receiverRoutes(machine),
  };
}

function listen(options: BrokerOptions, routes: Routes) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: options.port,
    reusePort: false,
    idleTimeout: 0,
    maxRequestBodySize: largestBatch,
    fetch: serve(routes, options.token, (error) => options.log?.("broker.fault", { error: String(error) })),
  });
}
