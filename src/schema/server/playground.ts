import type { GraphiQLOptions } from "graphql-yoga";
import { operatorCookie, type SignIn } from "../../operations/sign-in.ts";
import type { Example } from "../kit/example.ts";

export interface OperatorPagesOptions {
  readonly signIn: (request: Request) => Promise<SignIn>;
  readonly isProduction: boolean;
  readonly examples: readonly Example[];
}

/**
 * Answers what a browser asks of `/graphql`: GraphiQL, without any network but ours; and `/graphql/sign-in`, where an
 * operator's token becomes a cookie. GraphiQL is for operators who signed in. Nothing for other requests.
 */
export function operatorPages({ signIn, isProduction, examples }: OperatorPagesOptions) {
  const graphiql = lazyGraphiql(examples);
  return async (request: Request): Promise<Response | undefined> => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/sign-in")) {
      return request.method === "POST" ? takeToken(request, signIn, isProduction) : form(200);
    }
    if (request.method !== "GET" || !request.headers.get("accept")?.includes("text/html")) return undefined;
    const caller = await signIn(request);
    return "actor" in caller && caller.actor.kind === "operator" ? graphiql() : form(401);
  };
}

async function takeToken(request: Request, signIn: OperatorPagesOptions["signIn"], secure: boolean): Promise<Response> {
  const origin = request.headers.get("origin");
  if (origin && URL.parse(origin)?.host !== request.headers.get("host"))
    return form(403, "Sign in on this page itself.");
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  if (!(length <= 8_192)) return form(413, "That is not a token.");
  const token = new URLSearchParams(await request.text()).get("token")?.trim() ?? "";
  const headers = { authorization: `Bearer ${encodeURIComponent(token)}` };
  const caller = await signIn(new Request(request.url, { headers }));
  if ("fault" in caller) return form(401, `Not accepted: ${caller.fault.message}.`);
  if (caller.actor.kind !== "operator") return form(401, "Only operators' tokens (ff_op_…) open this page.");
  const cookie = new Bun.Cookie(operatorCookie, token, {
    httpOnly: true,
    sameSite: "strict",
    secure,
    path: "/",
    maxAge: 12 * 3600,
  });
  const location = new URL(request.url).pathname.replace(/\/sign-in$/, "");
  return new Response(null, { status: 303, headers: { location, "set-cookie": cookie.serialize() } });
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
function form(status: number, message = "Paste an operator's token to go on."): Response {
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
  return new Response(html, { status, headers: pageHeaders });
}

/** The page is 9 MB: made when first asked for, and kept compressed. */
function lazyGraphiql(examples: readonly Example[]): () => Promise<Response> {
  let page: Promise<Uint8Array<ArrayBuffer>> | undefined;
  const make = async () => {
    const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
    return Bun.gzipSync(renderGraphiQL(settings(examples)));
  };
  return async () => {
    page ??= make();
    return new Response(await page, { headers: { ...pageHeaders, "content-encoding": "gzip" } });
  };
}

function settings(examples: readonly Example[]): GraphiQLOptions {
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
