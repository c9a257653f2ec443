import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import { pause } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { type Channel, partsOf, topics } from "./campaign-input.ts";
import { membersKnown } from "./members.ts";
import { insist, somebody, tell } from "./staff.ts";
import { wish } from "./wishes.ts";

const channels = ["EMAIL", "SMS", "PUSH"] as const;

/** So long after a campaign went out the last of them says no (ms), and another who is not asked again. */
const [soonMs, laterMs] = [[400, 2_000, 8_000], 60_000] as const;

/** While a flow is held the pages of what was launched are written (ms), and nothing of it goes out. */
const pagesMs = 3_000;

/** How much of it there is: a campaign and a crowd cost as much as a whole stretch of other deeds. */
const [mostTimes, mostPeople] = [4, 12];

/** How often it happened. */
const times = () => ({ n: 0 });

/** Members who want no more of something in the very moment in which it is being sent, many at once. */
export const unwilling: Actor = {
  name: "unwilling",
  deeds: {
    leave: {
      weight: 2,
      async do(world, chance) {
        const so = world.known(times);
        if (so.n >= mostTimes) return;
        so.n += 1;
        const channel = chance.pick(channels);
        const holds = chance.happens(0.5);
        if (holds) await flow(world, "pauseFlow", channel);
        const topic = await sendsSomething(world, chance, channel);
        if (holds) await pause(world, pagesMs);
        const withinMs = chance.pick(soonMs);
        const crowd = topic === undefined ? [] : someOf(world, chance);
        const leaving = crowd.map(async (externalId) => {
          const about = { externalId, channel, topic: topic ?? "" };
          const waitMs = Math.floor(chance.share() * withinMs);
          const comesBack = chance.happens(0.6);
          await pause(world, waitMs);
          await says(world, { ...about, granted: false });
          if (!comesBack) return;
          await pause(world, laterMs + waitMs);
          await says(world, { ...about, granted: true });
        });
        if (holds) await pause(world, withinMs + 1_000);
        if (holds) await flow(world, "resumeFlow", channel);
        await Promise.all(leaving);
      },
    },
  },
};

function someOf(world: World, chance: Chance): string[] {
  const willing = world.known(membersKnown).filter(() => chance.happens(0.4));
  return willing.slice(0, mostPeople);
}

interface Said {
  readonly externalId: string;
  readonly channel: string;
  readonly topic: string;
  readonly granted: boolean;
}

async function says(world: World, { externalId, granted, ...about }: Said): Promise<void> {
  const kind = granted ? "yes" : "no";
  await wish(world, { externalId, ...about, kind }, async () => {
    const answer = await world.member(externalId).does("setMyConsent", { ...about, granted }, "Member { id }");
    tell(world, `${externalId} says ${kind} to ${about.channel} about ${about.topic}`, answer);
    return answer.kind === "data";
  });
}

/** An operator sends to so many as one person may decide on; answers what it is about, if it goes out. */
async function sendsSomething(world: World, chance: Chance, channel: Channel): Promise<string | undefined> {
  const { name, caller } = somebody(world, chance);
  const topic = chance.pick(topics);
  const input = {
    kind: "ANNOUNCEMENT",
    name: `Campaign ${chance.hex(4)}`,
    topic,
    channels: [channel],
    content: [{ parts: partsOf[channel](chance.hex(4)) }],
    audience: { filter: { sample: { percent: 60, seed: chance.hex(4) } } },
  };
  const made = await caller.does("createCampaign", input, "Campaign { id }");
  tell(world, `${name} writes what some will not like, by ${channel}`, made);
  if (made.kind !== "data") return undefined;
  const campaignId: string = made.data.id;
  const sent = await insist(world, () => caller.does("launchCampaign", { campaignId }, "Campaign { id state }"));
  tell(world, `${name} launches it`, sent);
  return sent.kind === "data" ? topic : undefined;
}

async function flow(world: World, verb: string, name: string): Promise<void> {
  const answer = await insist(world, () => world.admin.does(verb, { flow: name }, "QueueFlow { name }"));
  tell(world, `${verb} ${name}`, answer);
}
