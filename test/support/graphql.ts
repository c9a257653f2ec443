import { join } from "node:path";
import type { Actor } from "../../src/actor.ts";
import type { CampaignSettings } from "../../src/campaign/settings.ts";
import { createSandbox } from "../../src/channels/sandbox/sandbox.ts";
import type { Context } from "../../src/context.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { readsHere } from "../../src/db/heavy/heavy-reads.ts";
import { audience, domains, rewards } from "../../src/domains.ts";
import { createMemory, type Memory } from "../../src/memory.ts";
import { type MemberTokenSettings, mintMemberToken } from "../../src/operations/member-token.ts";
import { createSignIn } from "../../src/operations/sign-in.ts";
import { createToken, type TokenInput } from "../../src/operations/token.ts";
import { openQueue } from "../../src/queue/qstash.ts";
import { buildSchemas } from "../../src/schema/server/schemas.ts";
import { createGraphqlServer, type GraphqlServerOptions } from "../../src/schema/server/server.ts";
import { clientAddress } from "../../src/web/client-address.ts";
import { createStreams } from "../../src/web/streams.ts";
import { realWorld } from "../../src/world.ts";
import { openTestDatabase } from "./database.ts";
import { tempDir } from "./temp.ts";
import { byId, trusted } from "./trusted.ts";

/** How the test shop signs its members' tokens. */
export const memberTokens = {
  issuer: "https://shop.test",
  audience: "fanfare",
  algorithms: ["HS256"],
  secret: "a secret of the test shop, 32+ bytes",
} satisfies MemberTokenSettings;

/** A context on a real database; its queue leads nowhere. */
export function testContext(db: RootDatabase, actor: Actor = { kind: "system", job: "test" }): Context {
  const queue = openQueue(
    {
      url: "http://127.0.0.1:1",
      token: "none",
      currentSigningKey: "none",
      nextSigningKey: "none",
      installation: "test",
      jobsUrl: "http://127.0.0.1:1/jobs",
      retries: 0,
      flows: {},
    },
    realWorld,
  );
  return {
    ...realWorld,
    memory: memoryOf(db),
    db,
    heavy: readsHere(db),
    redis: undefined,
    queue,
    settings: {
      publicUrl: "http://127.0.0.1",
      shopTimeZone: "Europe/Berlin",
      shopName: "Test shop",
      limits: {},
      linkSecret: "test",
      httpsOnly: false,
      isDatabaseFar: false,
      slices: {
        campaign: {
          pageSize: 1_000,
          batchWindow: 200,
          leaseMs: 60_000,
          ledgerKeepMs: 86_400_000,
          inboxKeepMs: 180 * 86_400_000,
          inboxMax: 500,
          approvalAbove: 1_000,
          approvalGrowthPercent: 10,
          appLinkSchemes: [],
          smsSignature: undefined,
          smsSegmentPrice: undefined,
        } satisfies CampaignSettings,
        coupon: { codeSecret: "test", keepMs: 400 * 86_400_000, approvalStock: null, approvalBudget: null },
        distribution: { approvalSize: null, keepMs: 30 * 86_400_000 },
        member: { spendCurrency: undefined },
        checkout: { orderKeepMs: 400 * 86_400_000, completeAfterMs: undefined },
        operations: { sandboxAllowed: true, sandboxKeepMs: 30 * 86_400_000, sandboxMax: 100_000 },
      },
    },
    domains,
    audience,
    rewards,
    sandbox: createSandbox({ path: join(tempDir(), "sandbox.db") }, realWorld),
    log: () => {},
    actor,
  };
}

/** Contexts of one database are one app. */
function memoryOf(db: RootDatabase): Memory {
  const memory = memories.get(db) ?? createMemory();
  memories.set(db, memory);
  return memory;
}
const memories = new WeakMap<RootDatabase, Memory>();

/** The GraphQL API behind a real HTTP server on a port of its own. */
export async function serveGraphql(options: Partial<GraphqlServerOptions> = {}) {
  const db = await openTestDatabase();
  const logged: { event: string; fields: unknown }[] = [];
  const handlers = createGraphqlServer({
    schemas: buildSchemas(domains),
    signIn: createSignIn({
      ...realWorld,
      db,
      memory: memoryOf(db),
      members: memberTokens,
      isProduction: options.isProduction ?? false,
    }),
    contextFor: (actor) => testContext(db, actor),
    id: realWorld.id,
    isProduction: false,
    trusted,
    log: (_level, event, fields) => void logged.push({ event, fields }),
    limitRequest: async () => undefined,
    addressOf: clientAddress(false, () => {}),
    streams: createStreams({ perCaller: 8, atMost: 100, timers: realWorld.timers }),
    ...options,
  });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: { "/app": handlers.app, "/graphql": handlers.graphql, "/graphql/*": handlers.graphql },
    fetch: () => new Response(null, { status: 404 }),
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    db,
    logged,
    /** Posts an operation as JSON and reads the answer. */
    ask: (face: Face, query: string, { token, variables, headers }: Ask = {}) =>
      post(`${url}/${face}`, face === "app" ? byId(query, variables) : JSON.stringify({ query, variables }), {
        "content-type": "application/json",
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      }),
    post: (face: Face, body: BodyInit, headers: Record<string, string> = {}) => post(`${url}/${face}`, body, headers),
    token: async (input: TokenInput) => {
      const made = await createToken(testContext(db), input);
      if (!("token" in made)) throw new Error(made.message);
      return made.token;
    },
    member: async (externalId: string) => {
      await db.write([
        {
          sql: "INSERT INTO member (id, external_id, registered_at, updated_at) VALUES (?, ?, 0, 0)",
          args: [`m-${externalId}`, externalId],
        },
      ]);
      return mintMemberToken(memberTokens, externalId, 60, Date.now());
    },
    stop: async () => {
      await server.stop(true);
      await db.close();
    },
  };
}

export type Face = "graphql" | "app";

interface Ask {
  token?: string | undefined;
  variables?: unknown;
  headers?: Record<string, string>;
}

/** An answer as tests look at it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
  readonly body: any;
  /** Code of the first error. */
  readonly code: string | undefined;
}

async function post(url: string, body: BodyInit, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, { method: "POST", body, headers, redirect: "manual" });
  return read(response);
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  const body = isJson ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, body, code: body?.errors?.[0]?.extensions?.code };
}
