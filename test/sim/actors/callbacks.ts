import { Webhook } from "standardwebhooks";
import { twilioSignature } from "../../../src/channels/sms/callback.ts";
import { twilioAccount } from "../../support/providers/twilio.ts";
import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import { resendSecret, type Taken } from "../world/providers.ts";
import type { World } from "../world/world.ts";
import { membersKnown } from "./members.ts";
import { ownerOf, wish } from "./wishes.ts";

/** What a provider told of a message, and that it was heard. */
export interface Report {
  readonly channel: string;
  /** `run:member`. */
  readonly ref: string;
  /** As the ledger ranks it. */
  readonly rank: number;
}

/** Reports that were answered with 2xx. */
export const heard = (): Report[] => [];

/** Providers tell what became of what they took: late, twice, in any order. */
export const callbacks: Actor = {
  name: "callbacks",
  deeds: {
    ofMails: {
      weight: 10,
      async do(world, chance) {
        const mail = some(world, "EMAIL", chance);
        if (!mail) return;
        const type = chance.pick(["delivered", "delivered", "opened", "clicked", "bounced", "complained"]);
        const times = chance.pick([1, 1, 2]);
        for (let n = 0; n < times; n++) await tellOfMail(world, mail, type);
      },
    },
    ofTexts: {
      weight: 6,
      async do(world, chance) {
        const text = some(world, "SMS", chance);
        if (!text?.ref) return;
        const status = chance.pick(["sent", "delivered", "delivered", "undelivered"]);
        const query = `?ref=${encodeURIComponent(text.ref)}`;
        const fields = { MessageSid: text.id, MessageStatus: status, To: text.to };
        const isHeard = await postAsTwilio(world, fields, query);
        world.story.say(`Twilio tells that ${text.ref} is ${status}: ${isHeard ? "heard" : "not heard"}`);
        if (isHeard && status !== "sent") note(world, text, status === "delivered" ? 1 : 4);
      },
    },
    wishesByText: {
      weight: 3,
      async do(world, chance) {
        const n = chance.between(1, world.known(membersKnown).length);
        if (n % 5 === 4) return; // has no telephone
        const [externalId, isStop] = [`x${n}`, chance.happens(0.7)];
        const From = `+4915100${String(n).padStart(5, "0")}`;
        const fields = { MessageSid: `SM${chance.hex(32)}`, From, Body: isStop ? "Stop." : "START" };
        await wish(world, { externalId, channel: "SMS", topic: "*", kind: isStop ? "stop" : "start" }, async () => {
          const isHeard = await postAsTwilio(world, fields, "");
          world.story.say(`${externalId} texts ${fields.Body}: ${isHeard ? "heard" : "not heard"}`);
          if (!isHeard || chance.happens(0.7)) return isHeard;
          world.story.say(`… and Twilio tells it again: ${await postAsTwilio(world, fields, "")}`);
          return isHeard;
        });
      },
    },
  },
};

function some(world: World, channel: string, chance: Chance): Taken | undefined {
  const took = world.providers.taken.filter((each) => each.channel === channel && each.ref !== null);
  return took.length > 0 ? chance.pick(took.slice(-200)) : undefined;
}

const ranks: Readonly<Record<string, number>> = { delivered: 1, opened: 2, clicked: 3, bounced: 5, complained: 6 };

async function tellOfMail(world: World, mail: Taken, type: string): Promise<void> {
  const isDeadly = type === "bounced" || type === "complained";
  const tellIt = async () => {
    const isHeard = await postAsResend(world, mail, type);
    world.story.say(`Resend tells that ${mail.ref} is ${type}: ${isHeard ? "heard" : "not heard"}`);
    if (isHeard) note(world, mail, ranks[type] ?? 0);
    return isHeard;
  };
  if (!isDeadly) return void (await tellIt());
  await wish(world, { externalId: ownerOf(mail.to), channel: "EMAIL", topic: "*", kind: "dead address" }, tellIt);
}

function note(world: World, { channel, ref }: Taken, rank: number): void {
  if (ref !== null) world.known(heard).push({ channel, ref, rank });
}

function postAsResend(world: World, { ref, id, to }: Taken, type: string): Promise<boolean> {
  const now = new Date(world.now());
  const tags = { ref: Buffer.from(ref ?? "").toString("base64url") };
  const bounce = type === "bounced" ? { bounce: { type: "Permanent" } } : {};
  const data = { email_id: id, to: [to], tags, ...bounce };
  const body = JSON.stringify({ type: `email.${type}`, created_at: now.toISOString(), data });
  const name = `msg_${id}_${type}`;
  return post(world, "/webhooks/resend", body, {
    "svix-id": name,
    "svix-timestamp": String(Math.floor(now.getTime() / 1_000)),
    "svix-signature": new Webhook(resendSecret).sign(name, now, body),
  });
}

function postAsTwilio(world: World, fields: Record<string, string>, query: string): Promise<boolean> {
  const params = new URLSearchParams(fields);
  const url = `${world.process.url}/webhooks/twilio${query}`;
  return post(world, `/webhooks/twilio${query}`, params.toString(), {
    "content-type": "application/x-www-form-urlencoded",
    "x-twilio-signature": twilioSignature(twilioAccount.authToken, url, params),
  });
}

/** So far the shop's clock may be off from the provider's (ms). */
const toleranceMs = 5 * 60_000;

/** Whether it was answered 2xx. */
async function post(world: World, path: string, body: string, headers: Record<string, string>): Promise<boolean> {
  const request = new Request(`${world.process.url}${path}`, { method: "POST", headers, body });
  const asked = world.engine.elapsed;
  let status: number;
  try {
    status = (await world.network.call(request)).status;
  } catch {
    return false;
  }
  const isLate = status === 401 && path.endsWith("resend") && mostSkew(world, asked) > toleranceMs - 60_000;
  if (status >= 300 && status < 500 && !isLate) throw new Error(`${path} answered ${status} to what is authentic`);
  return status < 300;
}

/** What the shop's clock was off by at most since a time (elapsed ms), ms. */
function mostSkew({ skews }: World, since: number): number {
  const before = skews.findLast(({ at }) => at <= since);
  const off = [before, ...skews.filter(({ at }) => at > since)].map((skew) => Math.abs(skew?.ms ?? 0));
  return Math.max(...off);
}
