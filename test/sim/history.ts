import { nextStep } from "./actors/distributed.ts";
import { actors } from "./actors/index.ts";
import { membersKnown } from "./actors/members.ts";
import { checkers } from "./checkers/index.ts";
import { faults } from "./faults/index.ts";
import { chanceOf } from "./kernel/chance.ts";
import { passTo } from "./pace.ts";
import { type Planned, planOf } from "./plan.ts";
import { digest, digestsOf } from "./world/digest.ts";
import { createWorld, type World } from "./world/world.ts";

/** What came of a seed. */
export interface History {
  readonly seed: number;
  /** What did not hold, a sentence each, beginning with who says so. */
  readonly violations: readonly string[];
  /** The places in the plan of what happened; all of it, unless something did not hold. */
  readonly happened: readonly number[];
  readonly story: readonly string[];
  /** Of all that is left, and of each table. */
  readonly digest: string;
  readonly digests: Readonly<Record<string, string>>;
  readonly counts: Counts;
}

export interface Counts {
  readonly members: number;
  /** What actors did, and what befell the shop. */
  readonly deeds: number;
  readonly faults: number;
  /** Calls, answers and timers. */
  readonly events: number;
  /** Processes that were started. */
  readonly lives: number;
}

export interface HistoryOptions {
  readonly seed: number;
  readonly days: number;
  readonly redis: Bun.RedisClient;
  /** Which places of the plan happen; all, unless given. */
  readonly places?: readonly number[] | undefined;
}

const minuteMs = 60_000;
/** Where nothing happens for so long, all is looked at once what was begun has come to rest; and so often at least. */
const [quietMs, restMs, lookEveryMs] = [5 * minuteMs, minuteMs, 10 * minuteMs];
/** So long after the last fault the shop has come back by itself, and persons look after the rest. */
const recoverMs = 10 * minuteMs;
/** So long after the last fault all that was begun has ended. */
const healMs = 90 * minuteMs;

export async function historyOf({ seed, days, redis, places }: HistoryOptions): Promise<History> {
  const plan = planOf(seed, days, actors, faults);
  const world = await createWorld({ seed, redis });
  const { engine, story } = world;
  const violations: string[] = [];
  const happened: number[] = [];
  let open = 0;
  const begin = (what: string, work: () => void | Promise<void>) => {
    open += 1;
    const end = () => {
      open -= 1;
    };
    const failed = (error: unknown) => violations.push(`${what} failed: ${whole(error)}`);
    Promise.resolve().then(work).catch(failed).then(end);
  };
  const rest = async () => {
    await engine.settle();
    await engine.until(() => open === 0, 10 * minuteMs);
  };

  begin("the start", () => world.process.start());
  await rest();
  for (const actor of actors) {
    begin(`${actor.name} founds`, () => actor.found?.(world, chanceOf(seed, actor.name)));
    await rest();
  }
  const began = engine.elapsed;
  let looked = began;
  const pace = chanceOf(seed, "pace");
  const comeTo = async (at: number) => {
    const left = began + at - engine.elapsed;
    const pause = left > quietMs ? restMs : engine.elapsed - looked > lookEveryMs ? 0 : undefined;
    if (pause !== undefined) {
      await passTo(world, engine.elapsed + pause, pace);
      await look(world, "always", violations);
      looked = engine.elapsed;
    }
    if (violations.length === 0) await passTo(world, began + at, pace);
  };
  for (const place of places ?? plan.keys()) {
    const each = plan[place];
    if (!each) continue;
    await comeTo(each.at);
    if (violations.length > 0) break;
    happened.push(place);
    begin(each.what, () => happen(world, each));
    await engine.settle();
  }
  if (violations.length === 0) {
    await comeTo(days * 86_400_000);
  }
  if (violations.length === 0) {
    heal(world);
    await passTo(world, engine.elapsed + recoverMs, pace, minuteMs);
    for (const actor of actors) begin(`${actor.name} sets right`, () => actor.amend?.(world));
    await passTo(world, engine.elapsed + healMs, pace, 3 * minuteMs);
    await rest();
    await look(world, "always", violations);
    await look(world, "atEnd", violations);
  }
  const digests = await digestsOf(world);
  const isFault = (place: number) => plan[place]?.isFault === true;
  const counts = {
    members: world.known(membersKnown).length,
    deeds: happened.filter((place) => !isFault(place)).length,
    faults: happened.filter(isFault).length,
    events: engine.happened,
    lives: world.process.lives,
  };
  return { seed, violations, happened, story: story.lines, digest: digest(JSON.stringify(digests)), digests, counts };
}

function happen(world: World, { what, isFault, seed }: Planned): void | Promise<void> {
  const chance = chanceOf(seed, what);
  if (isFault) return faults.find(({ name }) => name === what)?.happen(world, chance);
  const [name, deed = ""] = what.split("/");
  return actors.find((actor) => actor.name === name)?.deeds[deed]?.do(world, chance);
}

/** All faults are over: from here on the shop must mend itself. */
function heal(world: World): void {
  world.story.say("all faults are over");
  world.weather.clear();
  world.boundaries.clear();
  world.known(nextStep).length = 0;
  world.network.before.clear();
  world.skewMs = 0;
  Object.assign(world.providers.moods, { EMAIL: "well", SMS: "well", PUSH: "well" });
}

async function look(world: World, when: "always" | "atEnd", violations: string[]): Promise<void> {
  if (!world.ctx) return;
  for (const checker of checkers) {
    const found = (await checker[when]?.(world)) ?? [];
    violations.push(...found.map((fault) => `${checker.name}: ${fault}`));
  }
  for (const fault of violations) world.story.say(`!! ${fault}`);
}

function whole(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
