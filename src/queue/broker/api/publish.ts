import { z } from "zod";
import { type Accepted, accept, type Placed } from "../accept.ts";
import { type Draft, isRejection, type Rejection, reject } from "../message.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { type Asked, largestBody, readDraft } from "./draft.ts";
import type { Answer, Call, Routes } from "./http.ts";

export interface PublishParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  /** Hears of messages that are committed. */
  readonly onPlaced: (placed: readonly Placed[]) => void;
  /** Makes a schedule of a publish that carries `Upstash-Cron`. */
  readonly onCron: (asked: Asked) => Promise<Answer>;
}

/** The routes that accept messages. Each answers after its messages are on disk. */
export function publishRoutes(parts: PublishParts): Routes {
  return {
    "POST /v2/publish/": (call) => publish(parts, call),
    "POST /v2/batch": (call) => batch(parts, call),
  };
}

async function publish(parts: PublishParts, { request, rest }: Call): Promise<Answer> {
  const body = await readBody(request, largestBody);
  if (isRejection(body)) return body;
  const asked = readDraft(readDestination(rest), request.headers, body);
  if (isRejection(asked)) return asked;
  if (asked.settings.cron !== undefined) return await parts.onCron(asked);
  const [accepted] = await publishAll(parts, [asked.draft]);
  return { status: accepted?.deduplicated ? 202 : 201, json: accepted && published(accepted) };
}

const batchItem = z.object({
  destination: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().nullish(),
  queue: z.string().optional(),
});
/** A hundred of the largest messages, with room for JSON's escapes. */
export const largestBatch = 128 * 1_048_576;

async function batch(parts: PublishParts, { request }: Call): Promise<Answer> {
  const bytes = await readBody(request, largestBatch);
  if (isRejection(bytes)) return bytes;
  const items = readJson(bytes);
  if (!Array.isArray(items)) return reject(400, "invalid batch: the body must be a JSON array of messages");
  const read = items.map(readItem);
  const accepted = await publishAll(
    parts,
    read.flatMap((item) => (isRejection(item) ? [] : [item])),
  );
  let next = 0;
  return {
    json: read.map((item) => {
      const done = isRejection(item) ? undefined : accepted[next++];
      return done ? published(done) : item;
    }),
  };
}

function readItem(value: unknown): Draft | Rejection {
  const item = batchItem.safeParse(value);
  if (!item.success) {
    const [issue] = item.error.issues;
    return reject(400, `invalid message: ${issue?.path.join(".")} ${issue?.message}`);
  }
  const { destination, headers, body, queue } = item.data;
  if (queue !== undefined) return reject(501, "named queues are not supported by this broker yet");
  const asked = readDraft(destination, headers, Buffer.from(body ?? ""));
  if (isRejection(asked)) return asked;
  return asked.settings.cron === undefined ? asked.draft : reject(400, "a batch cannot create schedules");
}

async function publishAll(parts: PublishParts, drafts: readonly Draft[]): Promise<readonly Accepted[]> {
  if (drafts.length === 0) return [];
  const { store, committer, now, onPlaced } = parts;
  return await committer.commit(
    () => {
      const time = now();
      return drafts.map((draft) => accept(store, draft, time));
    },
    (accepted) => onPlaced(accepted.flatMap(({ placed }) => placed ?? [])),
  );
}

function published({ id, url, deduplicated }: Accepted): Record<string, unknown> {
  return { messageId: id, url, ...(deduplicated ? { deduplicated } : {}) };
}

/** The destination in a path, which some clients escape. */
export function readDestination(rest: string): string {
  if (!/^https?%3a/i.test(rest)) return rest;
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}

export async function readBody(request: Request, most: number): Promise<Uint8Array<ArrayBuffer> | Rejection> {
  const tooLarge = reject(413, `message size exceeds the limit of ${most} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > most) return tooLarge;
  const body = await request.bytes();
  return body.byteLength > most ? tooLarge : body;
}

function readJson(bytes: Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
