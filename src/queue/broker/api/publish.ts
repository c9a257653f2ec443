import { z } from "zod";
import type { Draft } from "../records.ts";
import { isRejection, type Rejection, reject } from "../rejection.ts";
import { type Accepted, acceptAll, type Placed, placedOf } from "../store/accept.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { readBody, readJson } from "./body.ts";
import { largestBody, type PublishRequest, readDraft } from "./draft.ts";
import { filledUp } from "./headers.ts";
import { type Answer, type Call, type Routes, unescaped } from "./http.ts";
import { readTargetPath, type TargetPath } from "./target-path.ts";
import { groupHeaders } from "./url-groups.ts";

export interface PublishParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  /** Hears of messages that are committed. */
  readonly onPlaced: (placed: readonly Placed[]) => void;
  /** Makes a schedule of a publish that carries `Upstash-Cron`. */
  readonly onCron: (asked: PublishRequest) => Promise<Answer>;
}

/** The routes that accept messages. Each answers after its messages are on disk. */
export function publishRoutes(parts: PublishParts): Routes {
  return {
    "POST /v2/publish/": (call) => publish(parts, call, readTargetPath(call.rest)),
    "POST /v2/enqueue/": (call) => enqueue(parts, call),
    "POST /v2/batch": (call) => batch(parts, call),
  };
}

function enqueue(parts: PublishParts, call: Call): Answer | Promise<Answer> {
  const slash = call.rest.indexOf("/");
  if (slash < 0) return reject(400, "give a queue and a destination: /v2/enqueue/<queue>/<destination>");
  const [queue, rest] = [call.rest.slice(0, slash), call.rest.slice(slash + 1)];
  return publish(parts, call, readTargetPath(rest), unescaped(queue));
}

async function publish(
  parts: PublishParts,
  { request, ip }: Call,
  { target, settings }: TargetPath,
  queue?: string,
): Promise<Answer> {
  const body = await readBody(request, largestBody);
  if (isRejection(body)) return body;
  const headers = filledUp(request.headers, settings, groupHeaders(parts.store, target));
  const asked = readDraft({ target, queue, headers, body, ip });
  if (isRejection(asked)) return asked;
  if (asked.settings.cron !== undefined) return await parts.onCron(asked);
  const [accepted] = await publishAll(parts, [asked.draft]);
  if (!accepted || isRejection(accepted)) return accepted ?? reject(500, "nothing was accepted");
  const isKnown = accepted.every(({ deduplicated }) => deduplicated);
  return { status: isKnown ? 202 : 200, json: published(asked.draft, accepted) };
}

const batchItem = z.object({
  destination: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  queue: z.string().optional(),
});
/** A hundred of the largest messages, with room for JSON's escapes. */
export const largestBatch = 128 * 1_048_576;
/** Messages of a batch that are read and written in one go: others get their turn between. */
const batchSize = 500;

async function batch(parts: PublishParts, { request, ip }: Call): Promise<Answer> {
  const bytes = await readBody(request, largestBatch);
  if (isRejection(bytes)) return bytes;
  const items = readJson(bytes);
  if (!Array.isArray(items)) return reject(400, "invalid batch: the body must be a JSON array of messages");
  const answers: unknown[] = [];
  for (let from = 0; from < items.length; from += batchSize) {
    answers.push(...(await publishItems(parts, items.slice(from, from + batchSize), ip)));
  }
  return { json: answers };
}

async function publishItems(parts: PublishParts, items: readonly unknown[], ip: string | undefined) {
  const read = items.map((item) => readItem(parts.store, item, ip));
  const accepted = await publishAll(
    parts,
    read.flatMap((item) => (isRejection(item) ? [] : [item])),
  );
  let next = 0;
  return read.map((item) => {
    if (isRejection(item)) return item;
    const done = accepted[next++] ?? [];
    return isRejection(done) ? done : published(item, done);
  });
}

function readItem(store: Store, value: unknown, ip: string | undefined): Draft | Rejection {
  const item = batchItem.safeParse(value);
  if (!item.success) {
    const [issue] = item.error.issues;
    return reject(400, `invalid message: ${issue?.path.join(".")} ${issue?.message}`);
  }
  const { destination: target, body, queue } = item.data;
  const headers = filledUp(item.data.headers, groupHeaders(store, target));
  const asked = readDraft({ target, headers, body: Buffer.from(body ?? ""), queue, ip });
  if (isRejection(asked)) return asked;
  return asked.settings.cron === undefined ? asked.draft : reject(400, "a batch cannot create schedules");
}

/** What became of each draft: one message, those of its URL group, or a refusal. */
async function publishAll(
  parts: PublishParts,
  drafts: readonly Draft[],
): Promise<readonly (readonly Accepted[] | Rejection)[]> {
  if (drafts.length === 0) return [];
  const { store, committer, now, onPlaced } = parts;
  return await committer.commit(
    () => {
      const time = now();
      return drafts.map((draft) => acceptAll(store, draft, time));
    },
    (results) => onPlaced(results.flatMap((each) => (isRejection(each) ? [] : placedOf(each)))),
  );
}

/** A URL group is answered with a list, an address with one answer. */
function published({ topic }: Draft, accepted: readonly Accepted[]): unknown {
  const answers = accepted.map(({ id, url, deduplicated }) => ({
    messageId: id,
    url,
    ...(deduplicated ? { deduplicated } : {}),
  }));
  return topic === undefined ? answers[0] : answers;
}
