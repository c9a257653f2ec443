import type { Engine } from "./engine.ts";

/** Answers what is sent to an address. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** What becomes of a call on its way. */
export interface Fate {
  /** How long the request travels, and how long its answer does, ms. */
  readonly thereMs: number;
  readonly backMs: number;
  /** The connection breaks before it arrives, or when it was answered. */
  readonly breaks?: "there" | "back";
  /** It arrives once more. */
  readonly isRepeated?: boolean;
}

/** A call as those who decide its fate see it. */
export interface Call {
  readonly host: string;
  readonly path: string;
  /** Whether it comes from inside the process that may crash. */
  readonly inside: boolean;
}

/** A call is about to be made, or was answered. */
export type CallMoment = "before" | "after";

interface Listener {
  readonly handler: Handler;
  /** Whether it dies with the process. */
  readonly inside: boolean;
}

/** The part of what `Bun.serve` is given that the product gives. */
export interface ServeOptions {
  readonly port?: number | string;
  readonly hostname?: string;
  readonly routes?: Readonly<Record<string, (request: Request, server: unknown) => Response | Promise<Response>>>;
  readonly fetch: (request: Request, server: unknown) => Response | Promise<Response>;
  readonly error?: (error: Error) => Response | Promise<Response>;
}

/** Longer than any call takes, where no fault makes it slow. */
const stillMs = 200;

/** So long somebody waits. */
const patienceMs = 30_000;

interface CallUnderWay {
  readonly fail: (error: Error) => void;
  readonly inside: boolean;
  /** When it began, elapsed ms. */
  readonly at: number;
}

/** Every server, and every call to one. */
export class Network {
  readonly #listeners = new Map<string, Listener>();
  readonly #underWay = new Set<CallUnderWay>();
  /** What stands before a server and may change what passes; by host. */
  readonly before = new Map<string, (request: Request, pass: Handler) => Promise<Response>>();
  /** Hears of every call. */
  onCall: (moment: CallMoment, call: Call) => void = () => {};
  #nextPort = 20_000;
  /** Which process life this is: what an earlier one waits for never comes. */
  #life = 0;
  #isDead = false;

  constructor(
    readonly engine: Engine,
    private readonly fateOf: (call: Call) => Fate,
  ) {}

  /** When the last call began or ended, elapsed ms. */
  lastAt = 0;

  /** Whether nobody called and nobody was answered for a while, and nobody waits for an answer that may still come. */
  get isStill(): boolean {
    const { elapsed } = this.engine;
    for (const { at } of this.#underWay) if (elapsed - at < patienceMs) return false;
    return elapsed - this.lastAt >= stillMs;
  }

  /** Answers for a host outside of the process, e.g. `api.resend.com`. */
  host(name: string, handler: Handler): void {
    this.#listeners.set(name, { handler, inside: false });
  }

  /** In the place of `Bun.serve`. */
  serve(options: ServeOptions) {
    this.engine.readsFiles = false;
    const port = Number(options.port) || this.#nextPort++;
    const name = `127.0.0.1:${port}`;
    const server = {
      port,
      hostname: "127.0.0.1",
      url: new URL(`http://${name}`),
      requestIP: () => ({ address: "127.0.0.1", family: "IPv4", port: 40_000 }),
      timeout: () => {},
      stop: async () => void this.#listeners.delete(name),
      ref: () => {},
      unref: () => {},
      pendingRequests: 0,
      pendingWebSockets: 0,
    };
    const handler = async (request: Request) => {
      try {
        const route = options.routes?.[new URL(request.url).pathname];
        return await (route ?? options.fetch)(request, server);
      } catch (error) {
        if (options.error && error instanceof Error) return options.error(error);
        throw error;
      }
    };
    this.#listeners.set(name, { handler, inside: true });
    return server;
  }

  /** In the place of `fetch`, for the code under simulation. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    return this.#call(new Request(input, init), true);
  }

  /** A call from outside. */
  call(request: Request): Promise<Response> {
    return this.#call(request, false);
  }

  /** The process is gone: its servers, its calls, and the answers that it owed. What it calls from now on is lost. */
  crash(): void {
    this.#life += 1;
    this.#isDead = true;
    for (const [name, { inside }] of this.#listeners) if (inside) this.#listeners.delete(name);
    const underWay = [...this.#underWay];
    this.#underWay.clear();
    for (const { fail, inside } of underWay) if (!inside) fail(broken());
  }

  /** A process may call again. */
  revive(): void {
    this.#isDead = false;
  }

  async #call(request: Request, inside: boolean): Promise<Response> {
    const { host, pathname } = new URL(request.url);
    const life = this.#life;
    const body = request.body === null ? undefined : await request.arrayBuffer();
    const asked = { host, path: pathname, inside };
    const fate = this.fateOf(asked);
    this.lastAt = this.engine.elapsed;
    this.onCall("before", asked);
    if (inside && (this.#isDead || life !== this.#life)) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const call = { fail: reject, inside, at: this.lastAt };
      this.#underWay.add(call);
      const isOver = () => !this.#underWay.has(call);
      const end = (finish: () => void) => {
        this.lastAt = this.engine.elapsed;
        if (this.#underWay.delete(call)) finish();
      };
      request.signal.addEventListener("abort", () => end(() => reject(request.signal.reason)));
      const arrive = async (isFirst: boolean) => {
        const listener = this.#listeners.get(host);
        if (!listener) return end(() => reject(refused()));
        // A call between two parts of one process is gone with it; what was sent to others arrives.
        if (inside && listener.inside && life !== this.#life) return;
        const { method, headers, url } = request;
        const sent = new Request(url, { method, headers, body: body ?? null });
        const between = this.before.get(host);
        const answer = await (between ? between(sent, listener.handler) : listener.handler(sent));
        const bytes = answer.body === null ? null : await answer.arrayBuffer();
        if (!isFirst || isOver()) return;
        this.onCall("after", asked);
        this.engine.after(
          fate.backMs,
          () => end(() => (fate.breaks === "back" ? reject(broken()) : resolve(new Response(bytes, answer)))),
          inside,
        );
      };
      const fail = (error: Error) => end(() => reject(error));
      if (fate.breaks === "there") this.engine.after(fate.thereMs, () => fail(broken()), inside);
      else {
        const dies = inside && this.#listeners.get(host)?.inside === true;
        this.engine.after(fate.thereMs, () => void arrive(true).catch(fail), dies);
        if (fate.isRepeated) this.engine.after(fate.thereMs * 2 + 1, () => void arrive(false).catch(() => {}), dies);
      }
    });
  }
}

// As Bun's own fetch says it.
function refused(): Error {
  const message = "ECONNREFUSED: Unable to connect. Is the computer able to access the url?";
  return Object.assign(new TypeError(message), { code: "ECONNREFUSED" });
}

function broken(): Error {
  const message = "ECONNRESET: The socket connection was closed unexpectedly.";
  return Object.assign(new TypeError(message), { code: "ECONNRESET" });
}
