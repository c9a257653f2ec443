import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Answer } from "../world/caller.ts";
import { expectNoErrors, named, told } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { someMember } from "./members.ts";
import { codesKnown, offered } from "./offered.ts";
import { keepPromise, limitsTold, mayBeTaken, promised, soldOutTold } from "./promises.ts";
import { mayBeErased } from "./wishes.ts";

/** A claim that nobody answered: it may be asked for again, by its key. */
interface OpenClaim {
  readonly externalId: string;
  readonly templateId: string;
  readonly key: string;
}

const unanswered = (): OpenClaim[] => [];

/** A member claims; whether they hear of it or not, what was said is kept. */
export async function claim(world: World, { externalId, templateId, key }: OpenClaim): Promise<void> {
  const from = world.engine.elapsed;
  const input = { templateId, idempotencyKey: key };
  const answer = await world.member(externalId).does("claimCoupon", input, "Coupon { id }");
  world.story.say(`${externalId} claims of ${named(templateId)} by ${key}: ${told(answer)}`);
  if (answer.kind === "lost") world.known(unanswered).push({ externalId, templateId, key });
  hear(world, answer, { externalId, templateId, asked: `${externalId}/${key}/${named(templateId)}`, from });
}

interface Asked {
  readonly externalId: string;
  readonly templateId: string;
  readonly asked: string;
  /** Elapsed ms. */
  readonly from: number;
}

/** Keeps what was said of a claim. */
export function hear(world: World, answer: Answer, { from, ...asked }: Asked): void {
  expectNoErrors(asked.asked, answer);
  const { externalId, templateId } = asked;
  if (answer.kind === "data") keepPromise(world, { ...asked, couponId: answer.data.id });
  if (answer.kind !== "refused") return;
  if (answer.refusal === "SOLD_OUT") world.known(soldOutTold).push({ templateId, from, to: world.engine.elapsed });
  const { limit, heldCouponIds } = answer.facts;
  if (answer.refusal === "LIMIT_REACHED")
    world.known(limitsTold).push({ externalId, templateId, limit, heldCouponIds });
}

function someTemplate(world: World, chance: Chance): string | undefined {
  const isForAll = chance.happens(0.95);
  const templates = world.known(offered).filter(({ issueMode }) => !isForAll || issueMode === "SELF_CLAIM");
  // What is new is wanted most.
  const wanted = chance.happens(0.7) ? templates.slice(-6) : templates;
  return wanted.length > 0 ? chance.pick(wanted).id : undefined;
}

/** Members who claim coupons, again and again, in crowds, and look at what they have. */
export const claimants: Actor = {
  name: "claimants",
  deeds: {
    claim: {
      weight: 40,
      async do(world, chance) {
        const templateId = someTemplate(world, chance);
        if (templateId === undefined) return;
        const externalId = someMember(world, chance.pick);
        await claim(world, { externalId, templateId, key: `k${chance.between(1, 6)}` });
      },
    },
    again: {
      weight: 8,
      async do(world, chance) {
        const open = world.known(unanswered);
        const kept = world.known(promised).filter(({ asked }) => asked.includes("/k"));
        if (open.length > 0 && chance.happens(0.7)) {
          const [again] = open.splice(chance.between(0, open.length - 1), 1);
          if (again) await claim(world, again);
        } else if (kept.length > 0) {
          const { externalId, templateId, asked } = chance.pick(kept);
          await claim(world, { externalId, templateId, key: asked.split("/")[1] ?? "" });
        }
      },
    },
    type: {
      weight: 6,
      async do(world, chance) {
        const codes = world.known(codesKnown);
        if (codes.length === 0) return;
        const [code, externalId] = [chance.pick(codes), someMember(world, chance.pick)];
        const input = { code, idempotencyKey: `code${chance.between(1, 9)}` };
        const answer = await world
          .member(externalId)
          .does("redeemCode", input, "Coupon { id template { templateId } }");
        world.story.say(
          `${externalId} types in code ${codes.indexOf(code)} by ${input.idempotencyKey}: ${told(answer)}`,
        );
        expectNoErrors("redeemCode", answer);
        if (answer.kind !== "data") return;
        const asked = `${externalId}/${input.idempotencyKey}/code ${codes.indexOf(code)}`;
        keepPromise(world, {
          couponId: answer.data.id,
          externalId,
          templateId: answer.data.template.templateId,
          asked,
        });
      },
    },
    link: {
      weight: 4,
      async do(world, chance) {
        const { links } = world.providers;
        if (links.length === 0) return;
        const [token, externalId] = [chance.pick(links), someMember(world, chance.pick)];
        const answer = await world
          .member(externalId)
          .does("claimByLink", { token }, "Coupon { id template { templateId } }");
        world.story.say(`${externalId} follows the link ${token.slice(0, 12)}…: ${told(answer)}`);
        expectNoErrors("claimByLink", answer);
        if (answer.kind !== "data") return;
        const asked = `${externalId}/link/${token}`;
        keepPromise(world, {
          couponId: answer.data.id,
          externalId,
          templateId: answer.data.template.templateId,
          asked,
        });
      },
    },
    remind: {
      weight: 3,
      async do(world, chance) {
        const templateId = someTemplate(world, chance);
        if (templateId === undefined) return;
        const externalId = someMember(world, chance.pick);
        const verb = chance.pick(["remindMe", "remindMe", "cancelReminder"]);
        const answer = await world.member(externalId).does(verb, { templateId });
        world.story.say(`${externalId} says ${verb} of ${named(templateId)}: ${told(answer)}`);
        expectNoErrors(verb, answer);
      },
    },
    look: {
      weight: 12,
      do(world, chance) {
        const given = world.known(promised);
        const isHolder = given.length > 0 && chance.happens(0.8);
        return lookIntoWallet(world, isHolder ? chance.pick(given).externalId : someMember(world, chance.pick));
      },
    },
  },
};

const walletQuery = `{
  ${["AVAILABLE", "LOCKED", "USED", "EXPIRED"]
    .map((status) => `${status}: myCoupons(status: ${status}, first: 100) { nodes { id } pageInfo { hasNextPage } }`)
    .join("\n")}
  claimableCoupons(first: 50) { nodes { state held limit template { templateId } } } }`;

/** What a member was promised is in her wallet, unless somebody wanted it back. A wallet is never behind. */
async function lookIntoWallet(world: World, externalId: string): Promise<void> {
  if (mayBeErased(world, externalId)) return;
  const own = world.known(promised).filter((promise) => promise.externalId === externalId);
  const missing = await missingOf(
    world,
    externalId,
    own.map(({ couponId }) => couponId),
  );
  // One that was moved between the four lists was in none of them: then it is there the next time.
  const still = missing.length > 0 ? await missingOf(world, externalId, missing) : [];
  for (const couponId of still) throw new Error(`I3: ${named(couponId)} of ${externalId} is not in the wallet`);
}

async function missingOf(world: World, externalId: string, ids: readonly string[]): Promise<string[]> {
  const answer = await world.member(externalId).ask(walletQuery);
  expectNoErrors("myCoupons", answer);
  world.story.say(`${externalId} looks for ${ids.length} coupons: ${answer.kind}`);
  if (answer.kind !== "data") return [];
  const { claimableCoupons, ...lists } = answer.data;
  if (Object.values<{ pageInfo: { hasNextPage: boolean } }>(lists).some(({ pageInfo }) => pageInfo.hasNextPage))
    return [];
  const shown = new Set(
    Object.values<{ nodes: { id: string }[] }>(lists).flatMap(({ nodes }) => nodes.map(({ id }) => id)),
  );
  for (const { state, held, limit, template } of claimableCoupons.nodes)
    if ((state === "LIMIT_REACHED") !== held >= limit)
      throw new Error(`${externalId} holds ${held} of ${limit} of ${named(template.templateId)} and is told ${state}`);
  const closed = new Set(
    world
      .known(offered)
      .filter(({ mayBeOver }) => mayBeOver)
      .map(({ id }) => id),
  );
  const of = new Map(world.known(promised).map(({ couponId, templateId }) => [couponId, templateId]));
  return ids.filter((id) => !shown.has(id) && !world.known(mayBeTaken).has(id) && !closed.has(of.get(id) ?? ""));
}
