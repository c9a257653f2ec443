import { type Wish, wishes } from "../actors/wishes.ts";
import type { World } from "../world/world.ts";

/** A send to be judged: to whom, about what, and between which moments (elapsed ms) it was decided. */
export interface Judged {
  readonly externalId: string;
  readonly channel: string;
  readonly topic: string;
  readonly from: number;
  readonly to: number;
}

/** So long a word that nobody answered may still come true (ms): the machine may sleep while it is on its way. */
const lateMs = 700_000;

/**
 * Whether a member may have been written to, by all that anybody knows: false only where a no was acknowledged before
 * the decision and no yes can have come after it. These channels ask for a yes.
 */
export function mayBeGranted(world: World, { externalId, channel, topic, from, to }: Judged): boolean {
  const said = world
    .known(wishes)
    .filter((wish) => wish.externalId === externalId && (wish.channel ?? channel) === channel && wish.asked <= to);
  if (isDead(said, from)) return false;
  const own = said.filter((wish) => isAbout(wish, topic));
  if (mayBeYes(own, from)) return true;
  return (
    !hasWord(own, topic, from) &&
    mayBeYes(
      said.filter((wish) => isAbout(wish, "*")),
      from,
    )
  );
}

/** STOP and erasure end every topic. */
const isAbout = ({ kind, topic }: Wish, about: string) =>
  topic === about || kind === "stop" || kind === "start" || kind === "erased";

const isDone = ({ answered }: Wish, by: number) => answered !== undefined && answered <= by;
const end = ({ asked, answered }: Wish) => answered ?? asked + lateMs;

/** A bounce, a complaint, or a STOP that no START can have lifted: the address itself is barred. */
function isDead(said: readonly Wish[], from: number): boolean {
  return said.some(
    (wish) =>
      isDone(wish, from) &&
      (wish.kind === "dead address" ||
        (wish.kind === "stop" && !said.some((other) => other.kind === "start" && end(other) >= wish.asked))),
  );
}

/** Whether there is surely a word of its own about a topic, so that the one about all others does not count. */
function hasWord(own: readonly Wish[], topic: string, from: number): boolean {
  const isErased = own.some(({ kind }) => kind === "erased");
  return !isErased && own.some((wish) => wish.topic === topic && topic !== "*" && isDone(wish, from));
}

function mayBeYes(own: readonly Wish[], from: number): boolean {
  const noes = own.filter((wish) => ["no", "stop", "erased"].includes(wish.kind) && isDone(wish, from));
  const after = (one: Wish, other: Wish) => one.asked >= end(other);
  return own.some((wish) => {
    if (wish.kind === "listed yes") {
      const said = noes.filter(({ kind }) => kind !== "erased");
      const isNew = (no: Wish) => own.some((each) => each.kind === "erased" && end(each) >= no.asked);
      if (said.some((no) => end(no) <= wish.asked && !isNew(no))) return false;
    } else if (wish.kind !== "yes" && wish.kind !== "start") return false;
    return !noes.some((no) => after(no, wish));
  });
}
