import { Webhook } from "standardwebhooks";
import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import { expectNoErrors, named, told } from "../world/told.ts";
import type { World } from "../world/world.ts";

/** How an endpoint of the shop answers. */
type Mood = "well" | "broken" | "slow" | "silent" | "gone";

/** An endpoint of the shop: what it heard, by the message's id. */
export interface Endpoint {
  readonly url: string;
  /** The webhook's id and secret, where its making was answered. */
  made?: { readonly id: string; readonly secret: string };
  mood: Mood;
  /** When it first said that it is gone, elapsed ms, since an operator enabled it last. */
  goneAt?: number | undefined;
  /** What it took, each once: the body, by the message's id. */
  readonly taken: Map<string, string>;
  /** It heard something that nobody may have sent. */
  readonly faults: string[];
}

export const endpoints = (): Endpoint[] => [];

const host = "hooks.shop.example";
const kinds = ["COUPON_CLAIMED", "COUPON_SOLD_OUT", "COUPON_REDEEMED", "ORDER_REDEEMED", "ORDER_REFUNDED"] as const;

/** The shop's own server, which is told of events, and is not always well. */
export const receiver: Actor = {
  name: "receiver",
  async found(world, chance) {
    world.network.host(host, (request) => hear(world, request));
    await open(world, chance);
  },
  deeds: {
    open: { weight: 0.5, do: open },
    mood: {
      weight: 3,
      async do(world, chance) {
        const endpoint = chance.pick(world.known(endpoints));
        endpoint.mood = chance.pick(["well", "well", "broken", "slow", "silent", "gone"]);
        world.story.say(`${endpoint.url} is ${endpoint.mood}`);
      },
    },
    mend: {
      weight: 2,
      async do(world, chance) {
        const made = world.known(endpoints).filter((endpoint) => endpoint.made);
        if (made.length === 0) return;
        const endpoint = chance.pick(made);
        const id = endpoint.made?.id ?? "";
        const answer = await world.admin.does("updateWebhook", { webhookId: id, enabled: true }, "Webhook { id }");
        endpoint.goneAt = undefined;
        world.story.say(`an operator enables ${named(id)}: ${told(answer)}`);
        expectNoErrors("updateWebhook", answer);
      },
    },
  },
};

async function open(world: World, chance: Chance): Promise<void> {
  const known = world.known(endpoints);
  const endpoint: Endpoint = { url: `http://${host}/${known.length + 1}`, mood: "well", taken: new Map(), faults: [] };
  known.push(endpoint);
  const events = chance.pick([undefined, kinds.filter(() => chance.happens(0.5)), ["COUPON_CLAIMED"]]);
  const input = { url: endpoint.url, events: events?.length === 0 ? undefined : events };
  const answer = await world.admin.does("createWebhook", input, "WebhookSecret { secret webhook { id } }");
  world.story.say(`an operator adds ${endpoint.url} for ${events ?? "all"}: ${told(answer)}`);
  expectNoErrors("createWebhook", answer);
  if (answer.kind === "data") endpoint.made = { id: answer.data.webhook.id, secret: answer.data.secret };
}

async function hear(world: World, request: Request): Promise<Response> {
  const endpoint = world.known(endpoints).find(({ url }) => url === request.url);
  if (!endpoint) return new Response(null, { status: 404 });
  const [text, id] = [await request.text(), request.headers.get("webhook-id") ?? ""];
  check(endpoint, { id, text, headers: request.headers });
  switch (endpoint.mood) {
    case "broken":
      return new Response("not now", { status: 503 });
    case "gone":
      sayGone(world, endpoint);
      return new Response(null, { status: 410 });
    case "silent":
      return new Promise(() => {});
    case "slow":
      await new Promise<void>((resolve) => void world.engine.after(9_000, resolve, false));
  }
  endpoint.taken.set(id, text);
  return new Response(null, { status: 204 });
}

/** Kills and bad roads may keep the shop from hearing of it, but not for that long. */
const heardWithinMs = 2 * 3_600_000;

function sayGone({ engine }: World, endpoint: Endpoint): void {
  endpoint.goneAt ??= engine.elapsed;
  if (engine.elapsed - endpoint.goneAt > heardWithinMs)
    endpoint.faults.push(`it said at ${endpoint.goneAt} ms that it is gone, and is called at ${engine.elapsed}`);
}

interface Heard {
  readonly id: string;
  readonly text: string;
  readonly headers: Headers;
}

/** The signature is the secret's, of this very body, and a message that comes again is the same. */
function check({ made, taken, faults }: Endpoint, { id, text, headers }: Heard): void {
  const at = new Date(Number(headers.get("webhook-timestamp")) * 1_000);
  const signatures = headers.get("webhook-signature")?.split(" ") ?? [];
  if (made && !signatures.includes(new Webhook(made.secret).sign(id, at, text)))
    faults.push(`message ${id} came with another signature`);
  const before = taken.get(id);
  if (before !== undefined && withoutMember(before) !== withoutMember(text))
    faults.push(`message ${id} came with another body`);
}

/** Who a member is is looked up when it is told, so that it is nowhere once she is erased. */
function withoutMember(text: string): string {
  const { data, ...rest } = JSON.parse(text);
  return JSON.stringify({ ...rest, data: { ...data, memberId: null, externalId: null } });
}
