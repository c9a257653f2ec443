import { type LocalTime, type PassedPolicy, passedPolicies } from "../../campaign/local-time.ts";
import { builder } from "../kit/builder.ts";
import { enumOf } from "../kit/enum.ts";

const words: Readonly<Record<PassedPolicy, string>> = {
  NOW: "They are reached at once.",
  NEXT_DAY: "They are reached when their clocks next show the time of the day.",
  SKIP: "They are not reached: `SKIPPED` for `TIME_PASSED`.",
};

const PassedPolicyEnum = enumOf(
  "PassedPolicy",
  "What becomes of members on whose clocks the time has passed, by more than half an hour, when it would be their " +
    "turn: the campaign was launched late or stood still, or they changed into a zone that had been served.",
  passedPolicies,
  (policy) => words[policy],
);

export const LocalTimeInput = builder.inputType("LocalTimeInput", {
  description: "That members are reached when their own clocks show a time.",
  fields: (t) => ({
    passed: t.field({ type: PassedPolicyEnum, description: "Of those on whose it has passed; `NOW` unless given." }),
  }),
});

export const LocalTimeType = builder.objectRef<LocalTime>("LocalTime").implement({
  description: "That members are reached when their own clocks show a time; one without a zone has the shop's.",
  authScopes: { role: "viewer" },
  fields: (t) => ({
    passed: t.expose("passed", { type: PassedPolicyEnum, description: "Of those on whose clocks it has passed." }),
  }),
});
