import type { Fault } from "../actor.ts";
import type { Route, Trouble } from "../world/weather.ts";

const routes: readonly Route[] = ["redis", "queue", "job", "provider", "shop"];
const kinds: readonly (keyof Trouble)[] = ["lost", "unheard", "repeated", "slow", "silent"];

/** A road goes bad for a while. */
export const troubles: readonly Fault[] = [
  {
    name: "bad road",
    weight: 10,
    happen: ({ weather, engine, story }, chance) => {
      const [route, kind] = [chance.pick(routes), chance.pick(kinds)];
      const [often, ms] = [chance.pick([0.05, 0.3, 1]), chance.pick([2_000, 60_000, 1_200_000])];
      story.say(`calls to ${route} are ${kind}, ${often} of them, for ${ms / 1_000} s`);
      weather.troubles[route][kind] = often;
      const end = () => {
        weather.troubles[route][kind] = 0;
      };
      engine.after(ms, end, false);
    },
  },
];
