import type { Chance } from "../kernel/chance.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** What an operator may think of when making a template: every way of giving, with and without bounds. */
export function draftBy(chance: Chance, now: number) {
  const issueMode = chance.pick(["SELF_CLAIM", "SELF_CLAIM", "SELF_CLAIM", "SYSTEM", "SYSTEM", "CODE"] as const);
  const codeMode = issueMode === "CODE" ? "POOL" : chance.pick(["NONE", "NONE", "ON_CLAIM", "POOL"] as const);
  const stock = codeMode === "POOL" ? null : chance.pick([null, "3", "20", "60"]);
  return {
    name: `Off ${chance.hex(4)}`,
    currency: "EUR",
    discount: chance.pick(discounts),
    issueMode,
    codeMode,
    ...(codeMode === "NONE" ? {} : { codePrefix: `C${chance.hex(3).toUpperCase().replace(/[01]/g, "A")}` }),
    stock,
    budget: chance.pick([null, null, "5000", "40000"]),
    perMember: chance.between(1, 3),
    ...windowBy(chance, now),
    validity: chance.pick([undefined, { days: 2 }, { hours: 3 }, { window: { to: iso(now + 30 * hourMs) } }]),
    conditions: chance.pick([undefined, { minimum: "1500" }, { goods: { include: ["tea", "cup"] } }]),
    eligibility: chance.pick([undefined, undefined, { level: { gte: "1" } }, { not: { level: { eq: "3" } } }]),
    stacking: chance.pick([undefined, { group: { name: "a", order: 1 } }, { group: { name: "b", order: 2 } }]),
  };
}

const discounts = [
  { instant: { off: "1000" } },
  { fullReduction: { spend: "3000", off: "500" } },
  { discount: { basisPointsOff: 2_000, cap: "900" } },
  { cash: { value: "700" } },
];

function windowBy(chance: Chance, now: number) {
  const [opens, closes] = [chance.pick([undefined, undefined, 2, 45]), chance.pick([undefined, undefined, 6, 30])];
  return {
    opensAt: opens === undefined ? undefined : iso(now + opens * minuteMs),
    closesAt: closes === undefined ? undefined : iso(now + closes * hourMs),
  };
}

const iso = (at: number) => new Date(at).toISOString();
