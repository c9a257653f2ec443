import { fcmAnswers, serviceAccount } from "../../support/providers/fcm.ts";
import type { Accepted, Answers } from "../../support/providers/provider.ts";
import { resendAnswers, resendKey } from "../../support/providers/resend.ts";
import { twilioAccount, twilioAnswers } from "../../support/providers/twilio.ts";
import type { Machine } from "../kernel/globals.ts";

/** What a provider does to requests: it is never told which of them it may. */
export type Mood =
  /** Answers as documented. */
  | "well"
  /** Takes nothing and never answers. */
  | "silent"
  /** Takes it and never answers. */
  | "mute"
  /** Answers 500 without taking. */
  | "broken"
  /** Takes it and answers 500: a lie. */
  | "lying"
  /** Answers 429. */
  | "busy";

export type ProviderName = "EMAIL" | "SMS" | "PUSH";

/** A message that a provider took. */
export interface Taken extends Accepted {
  readonly channel: ProviderName;
  /** Elapsed ms. */
  readonly at: number;
  /** The provider's name for it. */
  readonly id: string;
  /** The one-click link of its `List-Unsubscribe` header, where it has one. */
  readonly unsubscribe?: string | undefined;
}

/** What Resend signs its callbacks with. */
export const resendSecret = `whsec_${Buffer.from("a secret of the simulated shop").toString("base64")}`;

/** The three providers, by their own names, and what they took: what members truly got. */
export interface Providers {
  readonly taken: readonly Taken[];
  /** What the claim links in them end in. */
  readonly links: readonly string[];
  readonly moods: Record<ProviderName, Mood>;
  /** What makes the shop use them. */
  readonly env: Readonly<Record<string, string>>;
}

export function openProviders({ engine, network }: Machine): Providers {
  const taken: Taken[] = [];
  const links: string[] = [];
  const moods: Providers["moods"] = { EMAIL: "well", SMS: "well", PUSH: "well" };
  const serve = (host: string, channel: ProviderName, answers: Answers) =>
    network.host(host, async (request) => {
      const { pathname: path } = new URL(request.url);
      const accepted: Accepted[] = [];
      const call = { path, headers: request.headers, body: await request.text(), accepted };
      const mood = path === "/token" ? "well" : moods[channel];
      if (mood === "busy") return new Response("slow down", { status: 429, headers: { "retry-after": "2" } });
      if (mood === "broken") return new Response("broken", { status: 500 });
      if (mood === "silent") return await never;
      const answer = await answers(call);
      if (accepted.length > 0) {
        links.push(...claimLinksIn(decodeURIComponent(call.body.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"))));
        const ids = idsIn(await answer.clone().json());
        const ways = channel === "EMAIL" ? unsubscribeLinksIn(JSON.parse(call.body)) : new Map();
        const more = (to: string, n: number) => ({ id: ids[n] ?? "", unsubscribe: ways.get(to) });
        for (const [n, each] of accepted.entries())
          taken.push({ ...each, channel, at: engine.elapsed, ...more(each.to, n) });
      }
      if (mood === "lying") return new Response("broken", { status: 500 });
      return mood === "mute" ? await never : answer;
    });
  const google = fcmAnswers(() => "https://oauth2.test/token");
  serve("api.resend.com", "EMAIL", resendAnswers());
  serve("api.twilio.com", "SMS", twilioAnswers());
  serve("fcm.googleapis.com", "PUSH", google.answers);
  serve("oauth2.test", "PUSH", google.answers);
  return {
    taken,
    links,
    moods,
    env: {
      RESEND_API_KEY: resendKey,
      RESEND_WEBHOOK_SECRET: resendSecret,
      EMAIL_FROM: "Shop <hello@shop.example>",
      TWILIO_ACCOUNT_SID: twilioAccount.accountSid,
      TWILIO_AUTH_TOKEN: twilioAccount.authToken,
      TWILIO_FROM: "+15005550006",
      FCM_SERVICE_ACCOUNT: serviceAccount,
    },
  };
}

const never = new Promise<Response>(() => {});

/** What a provider called what it took, in its order. */
// biome-ignore lint/suspicious/noExplicitAny: each provider has a shape of its own
function idsIn(answer: any): string[] {
  if (Array.isArray(answer.data)) return answer.data.map(({ id }: { id: string }) => id);
  return [answer.sid ?? answer.name];
}

/** By address: Resend is given one mail for each. */
function unsubscribeLinksIn(mails: readonly { to: string[]; headers?: Record<string, string> }[]): Map<string, string> {
  return new Map(
    mails.flatMap(({ to, headers }) => {
      const link = /^<(.*)>$/.exec(headers?.["List-Unsubscribe"] ?? "")?.[1];
      return link && to[0] ? [[to[0], link]] : [];
    }),
  );
}

function claimLinksIn(text: string): string[] {
  return [...text.matchAll(/\/c\/((?:[0-9a-z]+-){3}[0-9a-f]{32})/g)].map(([, token = ""]) => token);
}
