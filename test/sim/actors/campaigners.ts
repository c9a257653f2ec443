import type { Actor, Deed } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Answer, Caller } from "../world/caller.ts";
import type { World } from "../world/world.ts";
import { campaignInput } from "./campaign-input.ts";
import { insist, somebody, tell } from "./staff.ts";

/** A campaign as an operator sees it in the list. */
interface Listed {
  readonly id: string;
  readonly number: number;
  readonly state: string;
  readonly version: string;
}

/** Coupons that campaigns give, by template. */
export const given = (): string[] => [];

/** A verb about a campaign or a promotion, and when it was asked and answered (elapsed ms). */
export interface Move {
  /** `campaign/7`. */
  readonly subject: string;
  readonly verb: string;
  readonly asked: number;
  /** Undefined: refused, or nobody knows. */
  answered?: number;
  /** It may have been done, though nobody answered. */
  isLost?: boolean;
}
export const moves = (): Move[] => [];

/** Operators who write campaigns, launch, hold, change and end them, and look at each other's. */
export const campaigners: Actor = {
  name: "campaigners",
  async found(world) {
    const input = {
      name: "Thanks",
      currency: "EUR",
      issueMode: "SYSTEM",
      discount: { instant: { off: "500" } },
      stock: "400",
      perMember: 5,
    };
    const made = await world.admin.does("createCouponTemplate", input, "CouponTemplate { id }");
    tell(world, "a template for gifts is made", made);
    if (made.kind !== "data") return;
    const templateId = made.data.id;
    tell(world, "it is live", await world.admin.does("activateCouponTemplate", { templateId }));
    world.known(given).push(templateId);
  },
  deeds: {
    write: deed(8, async (world, chance) => {
      const who = somebody(world, chance);
      const input = campaignInput(world, chance);
      const made = await who.caller.does("createCampaign", input, "Campaign { id state }");
      tell(world, `${who.name} writes ${input.kind} to ${input.channels.join(" ")}`, made);
      if (made.kind !== "data" || chance.happens(0.2)) return;
      const campaignId: string = made.data.id;
      const name = atob(campaignId);
      const launchWhenApproved = chance.happens(0.7);
      await goesOn(
        world,
        chance,
        who,
        "launchCampaign",
        { campaignId, idempotencyKey: `first of ${campaignId}` },
        name,
      );
      await goesOn(world, chance, who, "submitCampaign", { campaignId, launchWhenApproved }, name);
    }),
    launch: onSome(6, ["DRAFT", "APPROVED"], "launchCampaign", (chance) => ({
      idempotencyKey: `k${chance.between(1, 9)}`,
    })),
    submit: onSome(3, ["DRAFT"], "submitCampaign", (chance) => ({ launchWhenApproved: chance.happens(0.7) })),
    approve: onSome(8, ["IN_REVIEW"], "approveCampaign", (_, { version }) => ({ version })),
    reject: onSome(2, ["IN_REVIEW"], "rejectCampaign", () => ({})),
    takeBack: onSome(1, ["IN_REVIEW", "APPROVED", "ACTIVE"], "returnCampaignToDraft", () => ({})),
    edit: onSome(4, ["DRAFT", "IN_REVIEW", "APPROVED", "ACTIVE"], "updateCampaign", (chance, _, world) => {
      const { kind: _kind, couponTemplateId: _template, startsAt, ...all } = campaignInput(world, chance);
      const names = Object.keys(all).filter(() => chance.happens(0.4));
      const picked = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
      return { ...picked, ...(startsAt && chance.happens(0.5) ? { startsAt } : {}) };
    }),
    pause: onSome(4, ["ACTIVE"], "pauseCampaign", () => ({})),
    resume: onSome(6, ["PAUSED"], "resumeCampaign", () => ({})),
    cancel: onSome(2, ["ACTIVE", "PAUSED", "IN_REVIEW"], "cancelCampaign", () => ({})),
    duplicate: onSome(2, ["DRAFT", "ENDED", "CANCELLED", "ACTIVE"], "duplicateCampaign", (chance) => ({
      idempotencyKey: `copy ${chance.between(1, 9)}`,
    })),
    delete: onSome(1, ["DRAFT", "CANCELLED"], "deleteCampaign", () => ({})),
    approveRun: deed(4, async (world, chance) => {
      const query = "{ runs(state: IN_REVIEW, first: 20) { nodes { id review { members } } } }";
      const { name, caller } = somebody(world, chance);
      const answer = await caller.ask(query);
      if (answer.kind !== "data" || answer.data.runs.nodes.length === 0) return;
      const { id: runId, review } = chance.pick<{ id: string; review: { members: number } }>(answer.data.runs.nodes);
      const done = await caller.does("approveRun", { runId, members: review.members }, "Run { id state }");
      tell(world, `${name} approves of ${review.members} for ${atob(runId)}`, done);
    }),
  },
};

function deed(weight: number, act: Deed["do"]): Deed {
  return { weight, do: act };
}

type Person = ReturnType<typeof somebody>;

/** One verb about a campaign that stands in one of these states, mostly: what is refused is refused. */
function onSome(
  weight: number,
  states: readonly string[],
  verb: string,
  more: (chance: Chance, campaign: Listed, world: World) => object,
): Deed {
  return deed(weight, async (world, chance) => {
    const who = somebody(world, chance);
    const all = await listed(who.caller);
    const fit = all.filter(({ state }) => states.includes(state));
    const among = chance.happens(0.9) ? fit : all;
    if (among.length === 0) return;
    const campaign = chance.pick(among);
    const input = { campaignId: campaign.id, ...more(chance, campaign, world) };
    await goesOn(world, chance, who, verb, input, atob(campaign.id));
  });
}

async function goesOn(world: World, chance: Chance, who: Person, verb: string, input: object, name: string) {
  const ask = () => who.caller.does(verb, input, "Campaign { id state number }");
  const subject = `campaign/${name.split(":")[1]}`;
  const answer = await moved(world, subject, verb, ask, chance.happens(0.8));
  tell(world, `${who.name}: ${verb} ${name}`, answer);
}

/** Keeps what was asked of a thing, and that it was answered. */
export async function moved(
  world: World,
  subject: string,
  verb: string,
  ask: () => Promise<Answer>,
  insists = false,
): Promise<Answer> {
  const move: Move = { subject, verb, asked: world.engine.elapsed };
  world.known(moves).push(move);
  let wasLost = false;
  const hear = async () => {
    const answer = await ask();
    wasLost ||= answer.kind === "lost";
    return answer;
  };
  const answer = await (insists ? insist(world, hear) : hear());
  if (answer.kind === "data") move.answered = world.engine.elapsed;
  // What was done by a call that nobody answered is refused when it is asked for again.
  move.isLost = wasLost;
  return answer;
}

async function listed(caller: Caller): Promise<readonly Listed[]> {
  const answer = await caller.ask("{ campaigns(first: 100) { nodes { id number state version } } }");
  if (answer.kind === "errors") throw new Error(answer.message);
  return answer.kind === "data" ? answer.data.campaigns.nodes : [];
}
