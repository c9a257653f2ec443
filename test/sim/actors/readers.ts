import type { Actor } from "../actor.ts";
import type { Taken } from "../world/providers.ts";
import type { World } from "../world/world.ts";
import { topics } from "./campaign-input.ts";
import { someMember } from "./members.ts";
import { tell } from "./staff.ts";
import { ownerOf, wish } from "./wishes.ts";

/** A message that a member's app was told to be read, or a popup that it may show. */
export interface Seen {
  readonly externalId: string;
  readonly table: "inbox" | "popup";
  readonly run: number;
}
export const seen = (): Seen[] => [];

/** Members read what they got, and say what they want to get. */
export const readers: Actor = {
  name: "readers",
  deeds: {
    readInbox: {
      weight: 8,
      async do(world, chance) {
        const externalId = someMember(world, chance.pick);
        const caller = world.member(externalId);
        const answer = await caller.ask("{ unreadCount myInbox(first: 5) { nodes { id readAt } } }");
        if (answer.kind !== "data") return tell(world, `${externalId} opens the inbox`, answer);
        const { nodes } = answer.data.myInbox;
        world.story.say(`${externalId} opens the inbox: ${nodes.length} there, ${answer.data.unreadCount} unread`);
        if (nodes.length === 0) return;
        const messageId = chance.pick<{ id: string }>(nodes).id;
        const read = await caller.does("markRead", { messageId }, "InboxMessage { id readAt }");
        tell(world, `${externalId} reads ${atob(messageId)}`, read);
        if (read.kind === "data") keep(world, externalId, "inbox", messageId);
      },
    },
    openApp: {
      weight: 8,
      async do(world, chance) {
        const externalId = someMember(world, chance.pick);
        const caller = world.member(externalId);
        const answer = await caller.ask("{ nextPopup { id } }");
        if (answer.kind !== "data") return tell(world, `${externalId} opens the app`, answer);
        const popupId: string | undefined = answer.data.nextPopup?.id;
        if (popupId === undefined) return;
        const device = async (name: string) => {
          const shown = await caller.does("popupShown", { popupId }, "Popup { id }");
          tell(world, `${externalId} is shown ${atob(popupId)} on the ${name}`, shown);
          if (shown.kind === "data") keep(world, externalId, "popup", popupId);
        };
        await Promise.all(chance.pick([["phone"], ["phone", "tablet"]]).map(device));
      },
    },
    say: {
      weight: 10,
      async do(world, chance) {
        const externalId = someMember(world, chance.pick);
        const channel = chance.pick(["EMAIL", "SMS", "PUSH", "IN_APP", "POPUP"]);
        const topic = chance.pick([...topics, "*"]);
        const granted = chance.happens(0.4);
        await wish(world, { externalId, channel, topic, kind: granted ? "yes" : "no" }, async () => {
          const input = { channel, granted, ...(topic === "*" ? {} : { topic }) };
          const answer = await world.member(externalId).does("setMyConsent", input, "Member { id }");
          tell(world, `${externalId} says ${granted ? "yes" : "no"} to ${channel} about ${topic}`, answer);
          return answer.kind === "data";
        });
      },
    },
    unsubscribe: {
      weight: 6,
      async do(world, chance) {
        const mails = world.providers.taken.filter(({ unsubscribe }) => unsubscribe !== undefined);
        if (mails.length === 0) return;
        await follow(world, chance.pick(mails), chance.happens(0.2));
      },
    },
  },
};

function keep(world: World, externalId: string, table: Seen["table"], id: string): void {
  world.known(seen).push({ externalId, table, run: Number(atob(id).split(":")[1]) });
}

/** One click in a mail program, or on the page that comes back. */
async function follow(world: World, { to, unsubscribe = "" }: Taken, isUndo: boolean): Promise<void> {
  const externalId = ownerOf(to);
  const { topic } = JSON.parse(Buffer.from(unsubscribe.split("/u/")[1]?.split(".")[0] ?? "", "base64url").toString());
  await wish(world, { externalId, channel: "EMAIL", topic, kind: isUndo ? "yes" : "no" }, async () => {
    const body = isUndo ? "undo=1" : "List-Unsubscribe=One-Click";
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const said = isUndo ? "subscribes again" : "unsubscribes";
    try {
      const answer = await world.network.call(new Request(unsubscribe, { method: "POST", headers, body }));
      world.story.say(`${externalId} ${said} from ${topic} by a link: ${answer.status}`);
      if (answer.status < 500 && answer.status !== 200) throw new Error(`the link of ${to} answers ${answer.status}`);
      return answer.status === 200;
    } catch (error) {
      if (!isConnection(error)) throw error;
      world.story.say(`${externalId} ${said} from ${topic} by a link: no answer`);
      return false;
    }
  });
}

const isConnection = (error: unknown) => error instanceof Error && "code" in error;
