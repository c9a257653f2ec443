import type { Fault } from "../actor.ts";
import { queueHost } from "../world/weather.ts";

/** The queue takes some messages of a batch and refuses others: one in so many, for a while. */
export const queueFaults: readonly Fault[] = [
  {
    name: "items refused",
    weight: 4,
    happen: ({ network, engine, story }, chance) => {
      const [each, ms] = [chance.between(1, 4), chance.pick([10_000, 60_000, 600_000])];
      story.say(`the queue refuses one of ${each} messages for ${ms / 1_000} s`);
      let n = 0;
      network.before.set(queueHost, async (request, pass) => {
        if (!request.url.endsWith("/v2/batch")) return pass(request);
        const items: unknown[] = JSON.parse(await request.clone().text());
        const refused = items.map(() => n++ % each === 0);
        const passed = items.filter((_, i) => !refused[i]);
        const taken = passed.length > 0 && (await pass(new Request(request, { body: JSON.stringify(passed) })));
        if (taken && !taken.ok) return taken;
        const answers: unknown[] = taken ? await taken.json() : [];
        return Response.json(
          refused.map((isRefused) => (isRefused ? { error: "the queue is full" } : answers.shift())),
        );
      });
      engine.after(ms, () => void network.before.delete(queueHost), false);
    },
  },
];
