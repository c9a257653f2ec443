import type { Answer, Limit, Operation } from "./app-operations.ts";
import type { Child } from "./children.ts";
import { median, rounded } from "./figures.ts";
import { type LoadSettings, load } from "./load.ts";
import { keyed, postOf, readRequests } from "./requests.ts";

export type Target = Pick<Child, "url" | "cpuMicros">;

/** One operation in one round, beside its limit. */
export interface Measured {
  readonly name: string;
  readonly perSecond: number;
  readonly limitPerSecond: number;
  readonly limitP99: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the server for one request, in µs. */
  readonly cpuMicros: number;
  /** Answers that were no 200, and wrong ones of those that were looked at. */
  readonly failed: number;
}

interface Targets {
  readonly shop: Target;
  /** The address that is the limit of an operation. */
  limitOf(limit: Limit): string;
}

interface Rounds extends LoadSettings {
  readonly rounds: number;
}

/** All operations, round by round, turned round each time: what drifts, drifts for both. */
export async function measureAll(
  operations: readonly Operation[],
  targets: Targets,
  { rounds, ...settings }: Rounds,
): Promise<Measured[]> {
  for (const operation of operations) await warm(operation, targets.shop);
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const operation of round % 2 ? operations.toReversed() : operations)
      measured.push(await measure(operation, targets, { ...settings, round }));
  }
  return measured;
}

/** So often an answer is looked at while it measures, ms. */
const lookMs = 100;

async function measure(
  operation: Operation,
  { shop, limitOf }: Targets,
  { round, ...settings }: LoadSettings & { readonly round: number },
): Promise<Measured> {
  const limit = () => load(limitOf(operation.limit), operation.requests, settings);
  const before = round % 2 === 0 ? await limit() : undefined;
  const from = operation.once ? freshOf(operation) : undefined;
  const looking = look(operation, shop);
  const spent = shop.cpuMicros();
  const own = await load(`${shop.url}/app`, operation.requests, { ...settings, ...(from !== undefined && { from }) });
  const cpuMicros = (shop.cpuMicros() - spent) / own.requests;
  const wrong = await looking.stop();
  if (operation.once) use(operation, own.requests + settings.connections);
  const { perSecond: limitPerSecond, p99: limitP99 } = before ?? (await limit());
  const { perSecond, p50, p99 } = own;
  const limits = { limitPerSecond, limitP99 };
  return { name: operation.name, perSecond, ...limits, p50, p99, cpuMicros, failed: own.failed + wrong };
}

const used = new Map<string, number>();

function freshOf({ name }: Operation): number {
  return used.get(name) ?? 0;
}

function use(operation: Operation, requests: number): void {
  const upTo = freshOf(operation) + requests;
  if (upTo > operation.count) throw new Error(`${operation.name}: there are too few --newcomers for so many rounds`);
  used.set(operation.name, upTo);
}

/** Asks once and looks at the answer; of what is measured warm, for everyone. */
async function warm(operation: Operation, shop: Target): Promise<void> {
  const fault = await ask(operation, shop);
  if (fault) throw new Error(`${operation.name} is answered wrongly: ${fault}`);
  if (!operation.warmed) return;
  const everyone = readRequests(await Bun.file(operation.requests).text()).values();
  const worker = async () => {
    for (const one of everyone) await (await fetch(`${shop.url}/app`, postOf(one))).arrayBuffer();
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}

/** Looks at an answer now and then, each of another member. */
function look(operation: Operation, shop: Target) {
  let wrong = 0;
  let asking: Promise<void> = Promise.resolve();
  const once = async () => {
    const fault = await ask(operation, shop);
    if (!fault) return;
    wrong += 1;
    console.error(`${operation.name}: ${fault}`);
  };
  const timer = setInterval(() => {
    asking = asking.then(once);
  }, lookMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await asking;
      return wrong;
    },
  };
}

const next = new Map<Operation, number>();

async function ask(operation: Operation, { url }: Target): Promise<string | undefined> {
  const n = next.get(operation) ?? 0;
  next.set(operation, n + 1);
  const sample = operation.samples[n % operation.samples.length];
  if (!sample) return "there is nothing to ask";
  const response = await fetch(`${url}/app`, postOf(keyed(sample)));
  const answer: Answer = await response.json();
  return operation.fault(answer);
}

/** Of each operation the medians of its rounds; ratios and counts are of the rounds, too. */
export function mediansOf(rounds: readonly Measured[]) {
  const byName = Map.groupBy(rounds, ({ name }) => name);
  return [...byName].map(([name, list]) => {
    const of = (pick: (one: Measured) => number) => median(list.map(pick));
    return {
      name,
      perSecond: Math.round(of(({ perSecond }) => perSecond)),
      limitPerSecond: Math.round(of(({ limitPerSecond }) => limitPerSecond)),
      ratio: rounded(of(({ perSecond, limitPerSecond }) => perSecond / limitPerSecond)),
      p50: rounded(of(({ p50 }) => p50)),
      p99: rounded(of(({ p99 }) => p99)),
      limitP99: rounded(of(({ limitP99 }) => limitP99)),
      cpuMicros: Math.round(of(({ cpuMicros }) => cpuMicros)),
      failed: list.reduce((sum, { failed }) => sum + failed, 0),
    };
  });
}
