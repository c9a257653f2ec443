/** Something that goes wrong between a sender and its provider. */
export type Trouble =
  /** Takes the request and never answers; it is not accepted. */
  | "hang"
  /** Accepts the request and never answers. */
  | "late"
  /** Answers this instead of accepting. */
  | (() => Response);

export interface Accepted {
  readonly ref: string | null;
  readonly to: string;
}

/** A small HTTP server on loopback that behaves as a provider documents itself. */
export interface Provider {
  readonly url: string;
  /** What it accepted, in order. */
  readonly accepted: Accepted[];
  /** Every request, as it came. */
  readonly requests: { readonly path: string; readonly headers: Headers; readonly body: string }[];
  /** What it does to requests from now on. */
  trouble: Trouble | undefined;
  stop(): Promise<void>;
}

export interface Call {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  readonly accepted: Accepted[];
}

/** How a provider answers a call that nothing troubles. */
export type Answers = (call: Call) => Response | Promise<Response>;

/** Paths in `untroubled` answer always (a token endpoint, say). */
export function startProvider(handle: Answers, untroubled: readonly string[] = []): Provider {
  const accepted: Accepted[] = [];
  const requests: Provider["requests"] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      const call = { path, headers: request.headers, body: await request.text() };
      requests.push(call);
      const trouble = untroubled.includes(path) ? undefined : provider.trouble;
      if (typeof trouble === "function") return trouble();
      if (trouble === "hang") return await never;
      const answer = await handle({ ...call, accepted });
      return trouble === "late" ? await never : answer;
    },
  });
  const provider: Provider = {
    url: `http://127.0.0.1:${server.port}`,
    accepted,
    requests,
    trouble: undefined,
    stop: () => server.stop(true),
  };
  return provider;
}

const never = new Promise<Response>(() => {});
