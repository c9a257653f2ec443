import { afterAll, afterEach, beforeAll, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Client, Receiver } from "@upstash/qstash";
import { type Broker, startBroker } from "../../../src/queue/broker/index.ts";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";
import { type Delivery, type Mailbox, openDestination, type Reply } from "./mailbox.ts";
import { elsewhere, isOurs, patience } from "./place.ts";

/** What one test owns: names that nobody else has, and what becomes of them when it is over. */
export interface Own {
  readonly client: Client;
  /** For another client, or another way to present the token. */
  readonly server: { readonly baseUrl: string; readonly token: string };
  /**
   * Fit for a queue, a URL group, a schedule, a flow key and a label; messages that have it as their label are
   * cancelled afterwards.
   */
  readonly name: string;
  readonly shop: Mailbox;
  /** The protocol without the SDK. */
  call(method: string, path: string, init?: { headers?: Record<string, string>; body?: BodyInit }): Promise<Response>;
  /** Undoes something when the test is over, whatever came of it. */
  after(undo: () => unknown): void;
}

const token = "token-of-the-suite";
const keys = { currentSigningKey: "sig_current_of_the_suite", nextSigningKey: "sig_next_of_the_suite" };
let started: { broker: Broker | undefined; destination: ReturnType<typeof openDestination> } | undefined;
let moved = 0;
const undoings: (() => unknown)[] = [];

/**
 * To be called at the top of each file of the suite: starts the embedded broker, where it is that, and cleans up after
 * each test.
 */
export function conformance(): void {
  if (!isOurs) setDefaultTimeout(2 * patience);
  beforeAll(async () => {
    moved = 0;
    const clock = () => Date.now() + moved;
    const path = join(tempDir(), "queue.db");
    const broker = isOurs ? await startBroker({ path, port: 0, token, ...keys, clock }) : undefined;
    started = { broker, destination: openDestination() };
  });
  afterEach(async () => {
    for (const undo of undoings.splice(0).reverse()) await Promise.resolve(undo()).catch(() => {});
  });
  afterAll(async () => {
    await started?.broker?.stop();
    started?.destination.stop();
  });
}

export function own(reply?: Reply): Own {
  if (!started) throw new Error("conformance() is missing at the top of the file");
  const name = `conformance-${crypto.randomUUID().slice(0, 8)}`;
  const server = { baseUrl: started.broker?.url ?? elsewhere?.url ?? "", token: elsewhere?.token ?? token };
  const client = new Client({ ...server, retry: false });
  undoings.push(
    () => client.dlq.delete({ filter: { label: name } }),
    () => client.messages.cancel({ filter: { label: name } }),
  );
  return {
    client,
    server,
    name,
    shop: started.destination.box(name, reply),
    call: (method, path, init) =>
      fetch(`${server.baseUrl}${path}`, {
        method,
        body: init?.body ?? null,
        headers: { authorization: `Bearer ${server.token}`, ...init?.headers },
      }),
    after: (undo) => undoings.push(undo),
  };
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | "">;

function isTruthy<T>(value: T): value is Truthy<T> {
  return Boolean(value);
}

/** Waits for what must come true, and gives it. */
export async function eventually<T>(condition: () => T | Promise<T>, what = "what was waited for"): Promise<Truthy<T>> {
  const found: Truthy<T>[] = [];
  const ask = async () => {
    const answer = await condition();
    if (isTruthy(answer)) found.push(answer);
    else if (!isOurs) await Bun.sleep(500); // others limit how often they are asked
    return found.length > 0;
  };
  await until(ask, patience, what);
  return found[0]!;
}

/** Long enough for what must not happen to happen. */
export async function awhile(): Promise<void> {
  await Bun.sleep(isOurs ? 45 : 3_000); // there is no condition for what does not happen
}

/** Lets time pass for the queue: on the embedded broker by its clock, elsewhere by waiting. */
export async function pass(ms: number): Promise<void> {
  if (isOurs) moved += ms;
  else await Bun.sleep(ms); // its clock is not ours
}

/** The queue's time, ms. */
export function now(): number {
  return Date.now() + moved;
}

/** A time to wait for: an hour where that costs nothing, else seconds. */
export const span = isOurs ? ({ text: "1h", ms: 3_600_000 } as const) : ({ text: "10s", ms: 10_000 } as const);

/** The SDK's receiver with the keys that hold now. */
export async function receiver({ call }: Own): Promise<Receiver> {
  const { QSTASH_CURRENT_SIGNING_KEY: current, QSTASH_NEXT_SIGNING_KEY: next } = process.env;
  if (!isOurs && current && next) return new Receiver({ currentSigningKey: current, nextSigningKey: next });
  const told = await json<{ current: string; next: string }>(await call("GET", "/v2/keys"));
  return new Receiver({ currentSigningKey: told.current, nextSigningKey: told.next });
}

/** Whether a delivery is from the queue, and for exactly the address it came to. */
export function verify(receiver: Receiver, { headers, body, url }: Delivery): Promise<boolean> {
  return receiver.verify({ signature: headers.get("upstash-signature") ?? "", body, url, clockTolerance: 10 });
}

/** The body of an answer, as the test expects it to be. */
export async function json<T = Record<string, unknown>>(answer: Response): Promise<T> {
  return (await answer.json()) as T;
}

type Titled = (title: string, body: () => Promise<void>) => void;

function unless(reason: string | undefined, timeout?: number): Titled {
  return (title, body) =>
    reason === undefined ? test(title, body, timeout) : test.skip(`${title} (skipped: ${reason})`, body);
}

const { CONFORMANCE_SLOW, CONFORMANCE_ROTATE } = process.env;
/** For what needs an account of its own, or is the embedded broker's alone. */
export const onOurs = unless(isOurs ? undefined : "for the embedded broker alone");
/** For what takes minutes where the clock cannot be moved. */
export const slowly = unless(
  isOurs || CONFORMANCE_SLOW === "1" ? undefined : "it takes minutes; CONFORMANCE_SLOW=1 runs it",
  isOurs ? undefined : 1_200_000,
);
/** For what changes the account's signing keys. */
export const rotating = unless(
  isOurs || CONFORMANCE_ROTATE === "1" ? undefined : "it rotates the account's keys; CONFORMANCE_ROTATE=1 runs it",
);
