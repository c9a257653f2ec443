import type { Actor } from "../actor.ts";
import type { World } from "../world/world.ts";
import { topics } from "./campaign-input.ts";
import { membersKnown, rowOf, someMember } from "./members.ts";
import { insist, tell } from "./staff.ts";
import { wish, wishes } from "./wishes.ts";

/** The shop's backend: hears members out, forgets them, and sends its list again, late. */
export const backend: Actor = {
  name: "backend",
  deeds: {
    hear: {
      weight: 5,
      async do(world, chance) {
        const externalId = someMember(world, chance.pick);
        const channel = chance.pick(["EMAIL", "SMS", "PUSH"]);
        const topic = chance.pick([...topics, "*"]);
        const granted = chance.happens(0.5);
        await wish(world, { externalId, channel, topic, kind: granted ? "yes" : "no" }, async () => {
          const input = { externalId, channel, granted, ...(topic === "*" ? {} : { topic }) };
          const answer = await world.admin.does("setConsent", input, "Member { id }");
          tell(
            world,
            `the shop heard ${externalId} say ${granted ? "yes" : "no"} to ${channel} about ${topic}`,
            answer,
          );
          return answer.kind === "data";
        });
      },
    },
    erase: {
      weight: 2,
      async do(world, chance) {
        const externalId = someMember(world, chance.pick);
        await wish(world, { externalId, topic: "*", kind: "erased" }, async () => {
          const ask = () => world.admin.does("eraseMember", { externalId }, "ErasedMember { publicId }");
          const answer = await insist(world, ask);
          tell(world, `${externalId} is erased`, answer);
          return answer.kind === "data";
        });
      },
    },
    sendAgain: {
      weight: 3,
      async do(world, chance) {
        const first = chance.between(1, world.known(membersKnown).length);
        const rows = Array.from({ length: chance.between(1, 10) }, (_, n) => rowOf(first + n)).filter(
          ({ externalId }) => world.known(membersKnown).includes(externalId),
        );
        await sendAgain(world, rows);
        if (chance.happens(0.3)) await sendAgain(world, rows);
      },
    },
  },
};

async function sendAgain(world: World, rows: readonly ReturnType<typeof rowOf>[]): Promise<void> {
  const asked = world.engine.elapsed;
  for (const { externalId, consent } of rows)
    for (const { channel } of consent)
      world.known(wishes).push({ externalId, channel, topic: "*", kind: "listed yes", asked });
  const answer = await world.admin.does("upsertMembers", { members: rows }, "MemberUpserts { __typename }");
  tell(world, `the shop sends ${rows.length} members again, from ${rows[0]?.externalId} on`, answer);
}
