import { createBuilder } from "../../src/schema/kit/builder.ts";
import { facesOf, type Schemas } from "../../src/schema/server/schemas.ts";

const everyone = { public: true };
const members = { member: true };

/** Subscriptions of {@link probeSchemas} that are open. */
export const probe = { open: 0, mutated: 0 };

/** A schema that does what the product's must never do: nests for ever, fails, keeps silent. */
export function probeSchemas(): Schemas {
  const builder = createBuilder();
  const Box = builder.objectRef<{ level: number }>("Box");
  Box.implement({
    description: "A box in a box.",
    authScopes: everyone,
    fields: (t) => ({
      level: t.exposeInt("level", { description: "How deep." }),
      box: t.field({ type: Box, description: "The next one.", resolve: ({ level }) => ({ level: level + 1 }) }),
      boxes: t.field({ type: [Box], description: "Many.", resolve: ({ level }) => [{ level: level + 1 }] }),
    }),
  });
  builder.queryField("box", (t) =>
    t.field({ type: Box, description: "The outermost.", authScopes: everyone, resolve: () => ({ level: 0 }) }),
  );
  builder.queryField("secret", (t) =>
    t.string({ nullable: true, description: "S.", authScopes: { role: "viewer" }, resolve: () => "a secret" }),
  );
  builder.queryField("broken", (t) =>
    t.string({
      description: "Fails with a secret.",
      authScopes: everyone,
      resolve: () => {
        throw new TypeError("password=hunter2 in /srv/fanfare");
      },
    }),
  );
  builder.queryField("nothing", (t) =>
    t.string({ description: "Breaks its own type.", authScopes: everyone, resolve: () => JSON.parse("null") }),
  );
  builder.mutationField("poke", (t) =>
    t.int({ description: "Counts.", authScopes: members, resolve: () => ++probe.mutated }),
  );
  builder.subscriptionField("ticks", (t) =>
    t.int({
      description: "Counts to `to`, then keeps silent; fails at 99.",
      authScopes: { ...members, role: "viewer" },
      args: { to: t.arg.int({ required: true, description: "How far." }) },
      subscribe: (_root, { to }) => ticks(to),
      resolve: (tick) => {
        if (tick === 99) throw new Error("password=hunter2");
        return tick;
      },
    }),
  );
  return facesOf(builder);
}

function ticks(to: number): AsyncIterableIterator<number> {
  let tick = to === 99 ? 98 : 0;
  let isOpen = true;
  let leave: ((end: IteratorResult<number>) => void) | undefined;
  probe.open++;
  const iterator: AsyncIterableIterator<number> = {
    next: () =>
      tick < to
        ? Promise.resolve({ done: false, value: ++tick })
        : new Promise((resolve) => {
            leave = resolve;
          }),
    return: async () => {
      if (isOpen) probe.open--;
      isOpen = false;
      leave?.({ done: true, value: undefined });
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
