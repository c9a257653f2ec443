import { followLink, unsubscribePage } from "./campaign/feedback/link-page.ts";
import type { Context } from "./context.ts";
import { claimPage } from "./coupon/link/claim-page.ts";
import type { Env } from "./env.ts";
import type { JobContext } from "./jobs/job.ts";
import { handleWebhook } from "./jobs/provider-callbacks.ts";
import { handleJob } from "./jobs/route.ts";
import { readiness } from "./operations/health.ts";
import { renderMetrics } from "./operations/metrics.ts";
import type { SignIn } from "./operations/sign-in.ts";
import type { RedisHandle } from "./redis/client.ts";
import type { GraphqlServer } from "./schema/server/server.ts";

interface RouteParts {
  readonly ctx: JobContext;
  readonly env: Env;
  readonly redis: RedisHandle;
  readonly graphql: GraphqlServer;
  readonly imports: Handler;
  readonly codeFiles: Handler;
  readonly signIn: (request: Request) => Promise<SignIn>;
}

type Handler = (request: Request, server: Bun.Server<unknown>) => Response | Promise<Response>;

/** Every address that Fanfare answers. */
export function routes({ ctx, env, redis, graphql, imports, codeFiles, signIn }: RouteParts): Handler {
  return (request, server) => {
    // Made of the Host header and what follows the method: neither needs to be anything.
    const url = URL.parse(request.url);
    if (!url) return Response.json({ error: "the Host header or the address is not well-formed" }, { status: 400 });
    const [first = "", second = ""] = url.pathname.slice(1).split("/");
    switch (first) {
      case "jobs":
        // All that follows is part of the address that must have been signed.
        return handleJob(ctx, `${url.pathname.slice("/jobs/".length)}${url.search}`, request);
      case "app":
        return graphql.app(request, server);
      case "graphql":
        return graphql.graphql(request, server);
      case "imports":
        return imports(request, server);
      case "code-pools":
        return codeFiles(request, server);
      case "webhooks":
        return handleWebhook(ctx, second, request, webhookSecrets(env));
      case "l":
        return followLink(ctx, second, request);
      case "u":
        return unsubscribePage(ctx, second, request);
      case "c":
        return claimPage(ctx, second, request);
      case "livez":
        return Response.json({ live: true });
      case "readyz":
        return ready(ctx, redis);
      case "metrics":
        return metrics(ctx, env.production ? signIn(request) : undefined);
      case "":
        return Response.redirect("/graphql", 302);
      default:
        return Response.json({ error: "not found" }, { status: 404 });
    }
  };
}

function webhookSecrets(env: Env) {
  return {
    resend: env.RESEND_WEBHOOK_SECRET,
    twilio: env.TWILIO_AUTH_TOKEN,
    twilioUrl: `${env.PUBLIC_URL ?? ""}/webhooks/twilio`,
  };
}

async function ready(ctx: Context, redis: RedisHandle): Promise<Response> {
  const report = await readiness(ctx, () => redis.healthy());
  return Response.json(report, { status: report.ready ? 200 : 503 });
}

/** In production the figures are for operators: a scraper brings an operator's token. */
async function metrics(ctx: Context, asking: Promise<SignIn> | undefined): Promise<Response> {
  const who = await asking;
  if (who && !("actor" in who && who.actor.kind === "operator")) {
    return Response.json({ error: "metrics need an operator's token" }, { status: 401 });
  }
  const { text, contentType } = await renderMetrics(ctx);
  return new Response(text, { headers: { "content-type": contentType } });
}
