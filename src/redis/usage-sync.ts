import type { Redis } from "@upstash/redis";
import type { World } from "../world.ts";
import { defineScript } from "./script.ts";
import source from "./shared-limit.lua" with { type: "text" };
import { add, learn, type Pace, pass, type Usage } from "./usage.ts";

/** What one process knows of a key. */
export interface SharedUsage extends Usage {
  readonly key: string;
  readonly pace: Pace;
  /** What passed here and was not told. */
  untold: Usage;
  /** How many requests are being told of. */
  telling: number;
  /** How many requests wait for what the others know. */
  asking: number;
}

/** Brings together in Redis what the processes know. */
export interface UsageSync {
  /** Has the others told what passed here: `soon`, in 100 ms, else when it is a quarter of the period old, or 2.5 s. */
  tell(usage: SharedUsage, soon: boolean): void;
  /** Tells them, and asks for one more. Answers the microseconds to wait, 0 when it may pass. */
  ask(usage: SharedUsage, now: number): Promise<number>;
}

/** A key as it is sent, with what was asked of it. */
interface Question {
  readonly usage: SharedUsage;
  readonly answers: ((waitMicros: number) => void)[];
}

type Place = Pick<World, "timers" | "clock"> & { readonly redis: Redis };

const tickMs = 100;
const patience = { micros: 2_500_000, ofBurst: 1 / 4 };
/** Keys in one call: Redis does nothing else meanwhile. */
const atOnce = 128;

/** What is asked in one turn of the event loop, of whatever limits, is one call. */
export function usageSync(place: Place): UsageSync {
  const { redis, timers } = place;
  const soon = untoldOf(place, 0);
  const later = new Map<Pace, ReturnType<typeof untoldOf>>();
  let questions = new Map<SharedUsage, Question>();
  let askedAt = 0;
  const askAll = () => {
    const all = [...questions.values()];
    questions = new Map();
    sendAll(redis, askedAt, all);
  };
  return {
    tell(usage, isSoon) {
      if (isSoon) return soon(usage);
      const queue = later.get(usage.pace) ?? untoldOf(place, patienceOf(usage.pace));
      later.set(usage.pace, queue);
      queue(usage);
    },
    ask(usage, now) {
      if (now !== askedAt) askAll(); // another time is another question
      if (questions.size === 0) timers.soon(askAll);
      askedAt = now;
      const question = questions.get(usage) ?? { usage, answers: [] };
      questions.set(usage, question);
      usage.asking++;
      return new Promise((resolve) => void question.answers.push(resolve));
    },
  };
}

function patienceOf({ burst }: Pace): number {
  return Math.min(patience.micros, burst * patience.ofBurst);
}

/** Keys of which something is untold, the oldest first; it is sent by the tick after it is so old, in microseconds. */
function untoldOf({ redis, timers, clock }: Place, age: number): (usage: SharedUsage) => void {
  const waiting = new Set<SharedUsage>();
  const wake = () => timers.after(tickMs, tick).unref();
  const tick = () => {
    const now = Math.round(clock() * 1_000);
    const due: Question[] = [];
    for (const usage of waiting) {
      const { since, count } = usage.untold;
      const isYoung = since <= now && now - since < age;
      if (count > 0 && isYoung) break;
      waiting.delete(usage);
      if (count > 0) due.push({ usage, answers: [] });
    }
    sendAll(redis, now, due);
    if (waiting.size > 0) wake();
  };
  return (usage) => {
    if (waiting.size === 0) wake();
    waiting.delete(usage); // what was untold when it was added has been told since
    waiting.add(usage);
  };
}

function sendAll(redis: Redis, now: number, questions: readonly Question[]): void {
  for (let at = 0; at < questions.length; at += atOnce) void send(redis, now, questions.slice(at, at + atOnce));
}

/** Times are sent as how long ago they were: as small numbers, which cost less to write and to read. */
async function send(redis: Redis, now: number, questions: readonly Question[]): Promise<void> {
  const told: number[] = [];
  const args = questions.map(({ usage, answers }) => {
    const { since, count, pace } = usage;
    const untold = takeUntold(usage);
    told.push(untold.count);
    const untoldFor = untold.count > 0 ? Math.max(0, now - untold.since) : 0;
    return [pace.interval, pace.limit, now - since, count, untoldFor, untold.count, answers.length];
  });
  const keys = questions.map(({ usage }) => `rates:{all}:${usage.key}`);
  const said = await script.run(redis, keys, [now, JSON.stringify(args)]);
  for (const [i, { usage, answers }] of questions.entries()) {
    usage.telling -= told[i] ?? 0;
    usage.asking -= answers.length;
    const heard = said === "unavailable" ? undefined : said[i];
    if (heard) hear({ usage, answers }, heard, now);
    else for (const answer of answers) answer(pass(usage, usage.pace, now));
  }
}

/** Whatever becomes of it, it is not told again: what counted twice would refuse somebody wrongly. */
function takeUntold(usage: SharedUsage): Usage {
  const { untold } = usage;
  usage.telling += untold.count;
  usage.untold = { since: 0, count: 0 };
  return untold;
}

function hear({ usage, answers }: Question, [ago, count, passed]: Heard, now: number): void {
  const { pace, untold } = usage;
  const known = { since: now - ago, count };
  const wait = known.since + count * pace.interval - now - pace.burst + pace.interval;
  if (passed > 0) add(usage, { since: now, count: passed }, pace, now);
  add(known, untold, pace, now);
  learn(usage, known, pace, now);
  for (const [i, answer] of answers.entries()) answer(i < passed ? 0 : Math.max(1, wait));
}

/** How long ago, and how many: what is known of a key; how many of those that asked may pass. */
type Heard = readonly [ago: number, count: number, passed: number];

const script = defineScript(source, (raw): readonly Heard[] => {
  if (Array.isArray(raw) && raw.every((one) => Array.isArray(one) && one.length === 3)) return raw;
  throw new TypeError("shared-limit.lua answered something else");
});
