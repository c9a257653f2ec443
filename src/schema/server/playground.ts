import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { GraphiQLOptions } from "graphql-yoga";
import type { Actor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import type { RequestLimiter } from "../../operations/request-limit.ts";
import { operatorCookie, type SignInOf } from "../../operations/sign-in.ts";
import { readText } from "../../web/body.ts";
import { type Example, type Newest, readyExample } from "../kit/example.ts";
import { formPolicy, graphiqlPolicy, signOut } from "./page-policy.ts";

export interface OperatorPagesOptions {
  readonly signIn: SignInOf;
  readonly isProduction: boolean;
  readonly examples: readonly Example[];
  readonly newest: Newest;
  readonly limitRequest: RequestLimiter;
  readonly contextFor: (actor: Actor) => Context;
}

/**
 * Answers what a browser asks of `/graphql`: GraphiQL, without any network but ours; `/graphql/sign-in`, where an
 * operator's token becomes a cookie; and `/graphql/sign-out`, where the cookie goes. GraphiQL is for operators who
 * signed in. Nothing for other requests.
 */
export function operatorPages(options: OperatorPagesOptions) {
  const graphiql = lazyGraphiql(options);
  return async (request: Request, address: string): Promise<Response | undefined> => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/sign-in")) {
      return request.method === "POST" ? takeToken(options, request, address) : form(200);
    }
    if (pathname.endsWith("/sign-out") && request.method === "POST") return giveUpCookie(options, request);
    if (request.method !== "GET" || !request.headers.get("accept")?.includes("text/html")) return undefined;
    const caller = await options.signIn(request);
    if (!("actor" in caller) || caller.actor.kind !== "operator") return form(401);
    return graphiql(options.contextFor(caller.actor));
  };
}

async function takeToken(options: OperatorPagesOptions, request: Request, address: string): Promise<Response> {
  const { signIn, isProduction, limitRequest, contextFor } = options;
  if (isForeign(request)) return form(403, "Sign in on this page itself.");
  const refused = await limitRequest("signIn", address);
  if (refused) return form(429, refused.message, { "retry-after": String(refused.retryAfterSeconds) });
  const { timers } = contextFor({ kind: "anonymous" });
  const body = await readText(request, { maxBytes: 8_192, timers });
  if (typeof body === "string") return form(body === "too long" ? 413 : 408, "That is not a token.");
  const token = new URLSearchParams(body.text).get("token")?.trim() ?? "";
  const headers = { authorization: `Bearer ${encodeURIComponent(token)}` };
  const caller = await signIn(new Request(request.url, { headers }));
  if ("fault" in caller) return form(401, `Not accepted: ${caller.fault.message}.`);
  if (caller.actor.kind !== "operator") return form(401, "Only operators' tokens (ff_op_…) open this page.");
  return toPlayground(request, cookieOf(token, isProduction, 12 * 3600));
}

function giveUpCookie({ isProduction }: OperatorPagesOptions, request: Request): Response {
  if (isForeign(request)) return form(403, "Sign out on this page itself.");
  return toPlayground(request, cookieOf("", isProduction, 0));
}

/** Whether another site's page sends it. */
function isForeign({ headers }: Request): boolean {
  const origin = headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== headers.get("host");
}

function cookieOf(value: string, secure: boolean, maxAge: number): string {
  const options = { httpOnly: true, sameSite: "strict", secure, path: "/", maxAge } as const;
  return new Bun.Cookie(operatorCookie(secure), value, options).serialize();
}

function toPlayground({ url }: Request, cookie: string): Response {
  const location = new URL(url).pathname.replace(/\/sign-(in|out)$/, "");
  return new Response(null, { status: 303, headers: { location, "set-cookie": cookie } });
}

const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin", // without a referrer a browser would post the form from the origin "null"
};

const style =
  "body{font:1.1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0}" +
  "main{max-width:32rem;margin:10vh auto;padding:0 1rem}" +
  "label{display:block}input,button{font:inherit;padding:.7rem;border:2px solid #1a4fa0;border-radius:.3rem}" +
  "input{width:100%;box-sizing:border-box;margin:.3rem 0 1rem}" +
  "button{padding:.7rem 1.4rem;color:#fff;background:#1a4fa0}" +
  "input:focus-visible,button:focus-visible{outline:3px solid #d97706;outline-offset:2px}small{color:#555}";

/** `message` is words of ours, never what was sent. */
function form(
  status: number,
  message = "Paste an operator's token to go on.",
  headers: Record<string, string> = {},
): Response {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fanfare: sign in</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Fanfare</h1>
<form method="post" action="/graphql/sign-in">
<p role="status">${message}</p>
<label>Token
<input name="token" type="password" autocomplete="current-password" placeholder="ff_op_…" autofocus required></label>
<button>Sign in</button>
</form>
<p><small>The first start prints an operator's token;
<code>fanfare token operator</code> makes further ones.</small></p>
</main>
</body>
</html>
`;
  return new Response(html, { status, headers: { ...pageHeaders, "content-security-policy": formPolicy, ...headers } });
}

/**
 * The page is 9 MB: made when it is asked for, and kept compressed until there is more of what its examples name. It is
 * compressed beside, for it takes a quarter of a second.
 */
function lazyGraphiql({ examples, newest }: OperatorPagesOptions): (ctx: Context) => Promise<Response> {
  let kept: { readonly key: string; readonly page: ReturnType<typeof makePage> } | undefined;
  return async (ctx) => {
    const rows = await Promise.all(
      Object.entries(newest).map(async ([type, read]) => [type, await read(ctx)] as const),
    );
    const key = JSON.stringify(rows);
    if (kept?.key !== key) {
      const ready = examples.map((example) => readyExample(example, Object.fromEntries(rows)));
      kept = { key, page: makePage(ready) };
    }
    const { body, policy } = await kept.page;
    const headers = { ...pageHeaders, "content-encoding": "gzip", "content-security-policy": policy };
    return new Response(body, { headers });
  };
}

type Ready = ReturnType<typeof readyExample>;

async function makePage(examples: readonly Ready[]) {
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  const html = renderGraphiQL(settings(examples)).replace(/<\/body>(?!.*<\/body>)/s, `${signOut}</body>`);
  return { body: new Uint8Array(await compressed(html)), policy: graphiqlPolicy(html) };
}

const compressed = promisify(gzip);

function settings(examples: readonly Ready[]): GraphiQLOptions {
  return {
    title: "Fanfare",
    method: "POST",
    credentials: "same-origin",
    subscriptionsProtocol: "SSE",
    shouldPersistHeaders: false,
    defaultTabs: examples.map(({ query, variables }) => ({
      query,
      variables: variables ? JSON.stringify(variables, null, 2) : null,
    })),
  };
}
