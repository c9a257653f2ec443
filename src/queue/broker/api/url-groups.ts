import { z } from "zod";
import { isRejection, type Rejection, reject } from "../rejection.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import type { TopicRow } from "../store/topic-rows.ts";
import { readJson } from "./body.ts";
import { readSettings } from "./draft.ts";
import { filledUp } from "./headers.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { invalidName, name } from "./name.ts";
import { destination } from "./settings.ts";

interface UrlGroupParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
}

const maxEndpoints = 1_000;
const additions = z.object({
  endpoints: z
    .array(z.object({ url: destination, name: z.string().max(256).optional() }), "endpoints must be a list")
    .min(1, "endpoints are missing")
    .max(maxEndpoints, `at most ${maxEndpoints} endpoints`),
});
const removals = z.object({
  endpoints: z
    .array(
      z
        .object({ url: z.string().optional(), name: z.string().optional() })
        .refine(({ url, name }) => url !== undefined || name !== undefined, "an endpoint needs its url or its name"),
      "endpoints must be a list",
    )
    .min(1, "endpoints are missing"),
});
const defaults = z.object({
  headers: z
    .record(z.string(), z.union([z.string(), z.array(z.string()).transform((list) => list.join(", "))]), "give headers")
    .transform((given) =>
      Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value])),
    ),
});

/**
 * The routes of URL groups, which the protocol calls topics: what is published to one goes to each of its endpoints.
 */
export function urlGroupRoutes(parts: UrlGroupParts): Routes {
  const { store, committer } = parts;
  return {
    "GET /v2/topics": () => ({ json: store.topics.all().map((group) => groupView(store, group)) }),
    "GET /v2/topics/:id": ({ id }) => {
      const group = store.topic.get(id);
      return group ? { json: groupView(store, group) } : notFound(id);
    },
    "POST /v2/topics/:id/endpoints": (call) => add(parts, call),
    "DELETE /v2/topics/:id/endpoints": (call) => remove(parts, call),
    "PATCH /v2/topics/:id": (call) => setHeaders(parts, call),
    "DELETE /v2/topics/:id": async ({ id }) => {
      await committer.commit(() => removeGroup(store, id));
      return {}; // also when there was none
    },
  };
}

async function add({ store, committer, now }: UrlGroupParts, { request, id }: Call): Promise<Answer> {
  if (!name.safeParse(id).success) return reject(400, invalidName("URL group", id));
  const asked = additions.safeParse(readJson(await request.bytes()));
  if (!asked.success) return invalid(asked.error);
  await committer.commit(() => {
    store.saveTopic.run(id, now());
    for (const { url, name } of asked.data.endpoints) store.saveEndpoint.run(id, url, name ?? null);
  });
  return {};
}

/** A group without endpoints is gone, as in QStash. */
async function remove({ store, committer, now }: UrlGroupParts, { request, id }: Call): Promise<Answer> {
  const asked = removals.safeParse(readJson(await request.bytes()));
  if (!asked.success) return invalid(asked.error);
  const known = await committer.commit(() => {
    if (!store.topic.get(id)) return false;
    store.saveTopic.run(id, now());
    for (const { url, name } of asked.data.endpoints) store.removeEndpoint.run(id, url ?? null, name ?? null);
    if (store.endpoints.all(id).length === 0) removeGroup(store, id);
    return true;
  });
  return known ? {} : notFound(id);
}

function removeGroup(store: Store, id: string): void {
  store.removeEndpoints.run(id);
  store.removeTopic.run(id);
}

/** Sets the headers that whatever is published to the group has, unless it brings its own of that name. */
async function setHeaders({ store, committer, now }: UrlGroupParts, { request, id }: Call): Promise<Answer> {
  const asked = defaults.safeParse(readJson(await request.bytes()));
  if (!asked.success) return reject(400, `invalid headers: ${asked.error.issues[0]?.message}`);
  const headers = filledUp(asked.data.headers);
  const settings = headers && readSettings("upstash-", headers);
  if (!settings || isRejection(settings)) return settings ?? reject(400, "invalid headers");
  const json = JSON.stringify(asked.data.headers);
  const known = await committer.commit(() => store.saveTopicHeaders.run(json, now(), id).changes > 0);
  return known ? {} : notFound(id);
}

/** The headers that were set for a URL group; none for an address. */
export function groupHeaders(store: Store, target: string): Record<string, string> | undefined {
  if (/^https?:/i.test(target)) return undefined;
  const headers = store.topic.get(target)?.headers ?? null;
  return headers === null ? undefined : JSON.parse(headers);
}

function groupView(store: Store, { name, created, updated, headers }: TopicRow): Record<string, unknown> {
  const endpoints = store.endpoints.all(name).map((each) => ({
    ...(each.name === null ? {} : { name: each.name }),
    url: each.url,
  }));
  const set = headers === null ? {} : { headers: JSON.parse(headers) };
  return { name, createdAt: created, updatedAt: updated, endpoints, ...set };
}

function invalid(error: z.ZodError): Rejection {
  return reject(400, `invalid endpoints: ${error.issues[0]?.message}`);
}

function notFound(id: string): Rejection {
  return reject(404, `URL group ${id.slice(0, 100)} not found`);
}
