import type { Actor } from "../actor.ts";
import { told } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { insist, tell } from "./staff.ts";

const flows = ["EMAIL", "SMS", "PUSH", "pages", "default"] as const;

/** Whoever runs the shop: looks after dead letters, holds the queue's flows, and sets bounds to what members get. */
export const queueKeepers: Actor = {
  name: "queueKeepers",
  deeds: {
    replay: { weight: 3, do: replayAll },
    hold: {
      weight: 2,
      async do(world, chance) {
        const flow = chance.pick(flows);
        tell(world, `the flow ${flow} is held`, await world.admin.does("pauseFlow", { flow }, "QueueFlow { name }"));
        const resume = () => world.admin.does("resumeFlow", { flow }, "QueueFlow { name }");
        await new Promise<void>((done) => void world.engine.after(chance.pick([2_000, 300_000]), done, false));
        tell(world, `the flow ${flow} is let go`, await insist(world, resume));
      },
    },
    hurry: {
      weight: 2,
      async do(world, chance) {
        const query = "{ queueMessages(state: RETRYING, first: 20) { nodes { messageId job } } }";
        const answer = await world.admin.ask(query);
        if (answer.kind !== "data" || answer.data.queueMessages.nodes.length === 0) return;
        const { messageId, job } = chance.pick<{ messageId: string; job: string }>(answer.data.queueMessages.nodes);
        const done = await world.admin.does("retryMessage", { messageId }, "QueueMessage { messageId }");
        tell(world, `a message of ${job} is hurried`, done);
      },
    },
    bound: {
      weight: 2,
      async do(world, chance) {
        const channel = chance.pick(["EMAIL", "SMS", "PUSH", null]);
        const perDay = chance.pick([1, 2, 5, null]);
        const from = chance.pick([22 * 60, 13 * 60, null]);
        const quiet = from === null ? {} : { quietFrom: from, quietTo: (from + chance.pick([60, 540])) % 1_440 };
        const input = { channel, perDay, ...quiet };
        const done = await world.admin.does("setCapsPolicy", input, "CapsPolicy { channel }");
        tell(world, `${channel ?? "all channels"} get ${perDay ?? "any number"} a day`, done);
      },
    },
  },
  async amend(world) {
    for (const flow of flows)
      tell(world, `the flow ${flow} is let go`, await world.admin.does("resumeFlow", { flow }, "QueueFlow { name }"));
    const query = "{ queueMessages(state: RETRYING, first: 200) { nodes { messageId } } }";
    const answer = await world.admin.ask(query);
    for (const { messageId } of answer.kind === "data" ? answer.data.queueMessages.nodes : [])
      world.story.say(`a retry is hurried: ${told(await world.admin.does("retryMessage", { messageId }))}`);
    await replayAll(world);
  },
};

async function replayAll(world: World): Promise<void> {
  const fields = "DeadLetterReplays { replayed more endCursor }";
  let after: string | undefined;
  do {
    const answer = await world.admin.does("replayDeadLetters", after === undefined ? {} : { after }, fields);
    const many = answer.kind === "data" ? `, ${answer.data.replayed}` : "";
    tell(world, `dead letters are replayed${many}`, answer);
    after = answer.kind === "data" && answer.data.more ? (answer.data.endCursor ?? undefined) : undefined;
  } while (after !== undefined);
}
