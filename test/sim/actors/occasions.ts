import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import { partsOf } from "./campaign-input.ts";
import { insist, tell } from "./staff.ts";

/** Policies that were answered. */
const policies = (): string[] => [];

/** Each looks every quarter of an hour: with more of them a history takes longer. */
const mostPolicies = 3;

const kinds = ["BIRTHDAY", "REGISTERED", "INACTIVE", "MEMBERSHIP_ENDS", "COUPON_EXPIRES"] as const;

/** Operators who have members told at days of their own, and change their minds about the hour, and whether at all. */
export const occasions: Actor = {
  name: "occasions",
  deeds: {
    keep: {
      weight: 2,
      async do(world, chance) {
        const known = world.known(policies);
        if (known.length >= mostPolicies) return;
        const kind = chance.pick(kinds);
        const days = kind === "BIRTHDAY" ? 0 : chance.between(0, 1);
        const input = { kind, ...said(chance), name: `At ${kind}`, days };
        const made = await world.admin.does("createLifecyclePolicy", input, "LifecyclePolicy { id }");
        tell(world, `the admin has members told at ${kind}, from ${input.hour} o'clock on`, made);
        if (made.kind === "data") known.push(made.data.id);
      },
    },
    change: {
      weight: 1,
      async do(world, chance) {
        const known = world.known(policies);
        if (known.length === 0) return;
        const policyId = chance.pick(known);
        const input = { policyId, ...said(chance), name: "At some day", enabled: chance.happens(0.8) };
        const ask = () => world.admin.does("updateLifecyclePolicy", input, "LifecyclePolicy { id enabled }");
        tell(world, `the admin changes ${atob(policyId)}, from ${input.hour} o'clock on`, await insist(world, ask));
      },
    },
  },
};

/** What is said, how, and when. */
export function said(chance: Chance) {
  const channels = chance.pick([["EMAIL"], ["PUSH", "SMS"], ["IN_APP"]] as const);
  const content = channels.map((channel) => ({ parts: partsOf[channel](chance.hex(4)) }));
  return { hour: chance.pick([0, 7, 9, 13, 20]), channels, content };
}
