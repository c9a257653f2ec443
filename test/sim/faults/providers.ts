import type { Fault } from "../actor.ts";
import type { Mood, ProviderName } from "../world/providers.ts";

const names: readonly ProviderName[] = ["EMAIL", "SMS", "PUSH"];
const moods: readonly Mood[] = ["silent", "mute", "broken", "lying", "busy"];

/** A provider does to what it is asked what it likes, for a while. */
export const providerFaults: readonly Fault[] = [
  {
    name: "provider in a mood",
    weight: 10,
    happen: ({ providers, engine, story }, chance) => {
      const [name, mood] = [chance.pick(names), chance.pick(moods)];
      const ms = chance.pick([60_000, 1_800_000, 10_800_000]);
      story.say(`the provider of ${name} is ${mood} for ${ms / 1_000} s`);
      providers.moods[name] = mood;
      const end = () => {
        providers.moods[name] = "well";
      };
      engine.after(ms, end, false);
    },
  },
];
