import { isRejection, reject } from "../message.ts";
import { cronFault, nextTick } from "../schedule/cron.ts";
import { flowOf, type Schedule } from "../schedule/ticker.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { type Asked, largestBody, readDraft } from "./draft.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { readBody, readDestination } from "./publish.ts";
import { commonView, flowView } from "./view.ts";

interface Parts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  /** Hears that another schedule may be next. */
  readonly onChange: () => void;
}

/** The routes that keep schedules. */
export function scheduleRoutes(parts: Parts): Routes {
  const { store } = parts;
  return {
    "POST /v2/schedules/": (call) => (/^https?(:|%3a)/i.test(call.rest) ? create(parts, call) : turn(parts, call)),
    "PATCH /v2/schedules/": (call) => turn(parts, call),
    "GET /v2/schedules": () => ({ json: store.schedules.all().map(scheduleView) }),
    "GET /v2/schedules/": ({ id }) => {
      const schedule = store.schedule.get(id);
      return schedule ? { json: scheduleView(schedule) } : notFound(id);
    },
    "DELETE /v2/schedules/": async ({ id }) => {
      const removed = await parts.committer.commit(() => store.removeSchedule.run(id).changes);
      return removed > 0 ? {} : notFound(id);
    },
  };
}

async function create(parts: Parts, { request, rest }: Call): Promise<Answer> {
  const body = await readBody(request, largestBody);
  if (isRejection(body)) return body;
  const asked = readDraft(readDestination(rest), request.headers, body);
  return isRejection(asked) ? asked : await keepSchedule(parts, asked);
}

/** Makes a schedule, or replaces the one with its id. While the cron stays the same its next tick stays, too. */
export async function keepSchedule({ store, committer, now, onChange }: Parts, asked: Asked): Promise<Answer> {
  const { cron, "schedule-id": given, "queue-name": queue } = asked.settings;
  if (cron === undefined) return reject(400, "the header Upstash-Cron is missing");
  if (queue !== undefined) return reject(501, "named queues are not supported by this broker yet");
  const time = now();
  const fault = cronFault(cron, time);
  if (fault) return fault;
  const id = given ?? `scd_${Bun.randomUUIDv7("hex").replaceAll("-", "")}`;
  const { url, method, headers, body, delayMs: delay, retries, label = null, flow, extras } = asked.draft;
  const when = { cron, created: time, next: nextTick(cron, time) ?? null, delay };
  const what = { url, method, header: JSON.stringify(headers), body, retries, label };
  const rest = { flow: flow ? JSON.stringify(flow) : null, extras: JSON.stringify(extras ?? {}) };
  await committer.commit(() => store.keepSchedule.run({ id, ...when, ...what, ...rest }));
  onChange();
  return { status: 201, json: { scheduleId: id } };
}

async function turn({ store, committer, now, onChange }: Parts, { id: path }: Call): Promise<Answer> {
  const slash = path.lastIndexOf("/");
  const [id, action] = [path.slice(0, slash), path.slice(slash + 1)];
  if (action !== "pause" && action !== "resume") return reject(404, "a schedule can be paused or resumed");
  const changed = await committer.commit(() => {
    const schedule = store.schedule.get(id);
    if (!schedule) return false;
    const paused = action === "pause";
    const next = paused || !schedule.paused ? schedule.next : (nextTick(schedule.cron, now()) ?? null);
    store.turnSchedule.run(paused ? 1 : 0, next, id);
    return true;
  });
  onChange();
  return changed ? {} : notFound(id);
}

function scheduleView(schedule: Schedule): Record<string, unknown> {
  const { url: destination, ...common } = commonView(schedule);
  const flow = flowOf(schedule);
  return {
    scheduleId: schedule.id,
    cron: schedule.cron,
    destination,
    ...common,
    retries: schedule.retries,
    ...(schedule.delay > 0 ? { delay: schedule.delay / 1_000 } : {}),
    isPaused: schedule.paused === 1,
    ...(flow ? flowView(flow) : {}),
    lastScheduleTime: schedule.last ?? undefined,
    nextScheduleTime: schedule.paused === 1 ? undefined : (schedule.next ?? undefined),
  };
}

function notFound(id: string): Answer {
  return reject(404, `schedule ${id.slice(0, 100)} not found`);
}
