import type { Context, Domain } from "./context.ts";
import type { JobContext } from "./jobs/job.ts";
import { handleWebhook, type ProviderSecrets } from "./jobs/provider-callbacks.ts";
import { handleJob } from "./jobs/route.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import { readiness } from "./operations/health.ts";
import { renderMetrics } from "./operations/metrics.ts";
import type { RequestLimiter, TooOften } from "./operations/request-limit.ts";
import type { SignInOf } from "./operations/sign-in.ts";
import type { RedisHandle } from "./redis/client.ts";
import type { Handler } from "./schema/server/server.ts";
import type { AddressOf } from "./web/client-address.ts";
import { preferredLanguage } from "./web/language.ts";
import { pageResponse } from "./web/page.ts";

/** An address: what follows it in the path is `rest`, without the slash in between. */
export interface Call {
  readonly request: Request;
  readonly server: Bun.Server<unknown>;
  readonly rest: string;
  /** From the question mark on. */
  readonly search: string;
}
export type Address = (call: Call) => MaybePromise<Response>;
export type Addresses = Readonly<Record<string, Address>>;

/**
 * Answers requests by the first part of their path; where the server knows that already (`known`), it is all of it.
 * Throws where two lists have one address.
 */
export function routes(lists: readonly Addresses[]) {
  const all = lists.flatMap((list) => Object.entries(list));
  const byName = new Map<string, Address>(all);
  if (byName.size < all.length) throw new Error("two addresses have one name");
  return (request: Request, server: Bun.Server<unknown>, known?: string): MaybePromise<Response> => {
    const direct = known === undefined ? undefined : byName.get(known);
    if (direct) return direct({ request, server, rest: "", search: "" });
    // Made of the Host header and what follows the method: neither needs to be anything.
    const url = URL.parse(request.url);
    if (!url) return Response.json({ error: "the Host header or the address is not well-formed" }, { status: 400 });
    const [, first = "", rest = ""] = /^\/([^/]*)\/?(.*)$/s.exec(url.pathname) ?? [];
    const address = byName.get(first);
    if (address) return address({ request, server, rest, search: url.search });
    return Response.json({ error: "not found" }, { status: 404 });
  };
}

/** What the queue and the providers call. */
export function jobAddresses(ctx: JobContext, secrets: ProviderSecrets): Addresses {
  return {
    // All that follows is part of the address that must have been signed.
    jobs: ({ request, rest, search }) => handleJob(ctx, `${rest}${search}`, request),
    webhooks: ({ request, rest }) => handleWebhook(ctx, firstPart(rest), request, secrets),
  };
}

/** What the pages behind links are guarded with. */
export interface LinkGuard {
  readonly limitRequest: RequestLimiter;
  readonly addressOf: AddressOf;
}

/** Pages and links of the domains, which everyone may open, not everyone without end. */
export function domainAddresses(
  ctx: Context,
  domains: readonly Domain[],
  { limitRequest, addressOf }: LinkGuard,
): Addresses {
  const pages = domains.flatMap(({ routes = {} }) => Object.entries(routes));
  return Object.fromEntries(
    pages.map(([name, route]): [string, Address] => [
      name,
      async ({ request, server, rest }) => {
        const refused = await limitRequest("link", addressOf(request, server));
        return refused ? tooOftenPage(ctx, request, refused) : route(ctx, firstPart(rest), request);
      },
    ]),
  );
}

function tooOftenPage({ settings }: Context, request: Request, { retryAfterSeconds }: TooOften): Response {
  const language = preferredLanguage(request.headers.get("accept-language"));
  const page = pageResponse({ language, shop: settings.shopName, words: tooOftenWords[language], status: 429 });
  page.headers.set("retry-after", String(retryAfterSeconds));
  return page;
}

const tooOftenWords = {
  en: { title: "Too many requests", text: "Many came from your network at once. Please try again in a minute." },
  zh: { title: "请求过多", text: "您的网络短时间内请求过多，请一分钟后再试。" },
} as const;

/** Addresses that are served by handlers of their own, such as those of the API. */
export function served(handlers: Readonly<Record<string, Handler>>): Addresses {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]): [string, Address] => [
      name,
      ({ request, server }) => handler(request, server),
    ]),
  );
}

interface CareGuard {
  /** Guards the metrics in production: a scraper brings an operator's token. */
  readonly signIn: SignInOf | undefined;
  /** Aborted when the process begins to stop: from then on it is not ready. */
  readonly leaving: AbortSignal;
}

interface CaredFor {
  readonly redis: RedisHandle;
  readonly dataDir: string;
}

/** What those ask who look after the process. */
export function careAddresses(ctx: Context, { redis, dataDir }: CaredFor, { signIn, leaving }: CareGuard): Addresses {
  return {
    livez: () => Response.json({ live: true }),
    readyz: async () => {
      if (leaving.aborted) return Response.json({ ready: false, stopping: true }, { status: 503 });
      const report = await readiness(ctx, { dataDir, redisHealthy: () => redis.healthy() });
      return Response.json(report, { status: report.ready ? 200 : 503 });
    },
    metrics: async ({ request }) => {
      const who = await signIn?.(request);
      if (who && !("actor" in who && who.actor.kind === "operator")) {
        return Response.json({ error: "metrics need an operator's token" }, { status: 401 });
      }
      const { text, contentType } = await renderMetrics(ctx);
      return new Response(text, { headers: { "content-type": contentType } });
    },
    "": () => Response.redirect("/graphql", 302),
  };
}

function firstPart(rest: string): string {
  return rest.split("/", 1)[0] ?? "";
}
