import { flowOf, type Schedule } from "../records.ts";
import { isRejection, reject } from "../rejection.ts";
import { cronFault, nextTick } from "../schedule/cron.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { readBody } from "./body.ts";
import { largestBody, type PublishRequest, readDraft } from "./draft.ts";
import { filledUp } from "./headers.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { readTargetPath } from "./target-path.ts";
import { groupHeaders } from "./url-groups.ts";
import { commonView, flowView } from "./view.ts";

interface ScheduleParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  /** Hears that another schedule may be next. */
  readonly onChange: () => void;
}

/** The routes that keep schedules. */
export function scheduleRoutes(parts: ScheduleParts): Routes {
  const { store } = parts;
  return {
    "POST /v2/schedules/": (call) => create(parts, call),
    ...pauseRoutes("POST", parts),
    ...pauseRoutes("PATCH", parts),
    "GET /v2/schedules": () => ({ json: store.schedules.all().map((schedule) => scheduleView(store, schedule)) }),
    "GET /v2/schedules/:id": ({ id }) => {
      const schedule = store.schedule.get(id);
      return schedule ? { json: scheduleView(store, schedule) } : notFound(id);
    },
    "DELETE /v2/schedules/:id": async ({ id }) => {
      const removed = await parts.committer.commit(() => store.removeSchedule.run(id).changes);
      return removed > 0 ? {} : notFound(id);
    },
  };
}

function pauseRoutes(method: string, parts: ScheduleParts): Routes {
  return {
    [`${method} /v2/schedules/:id/pause`]: ({ id }) => setPaused(parts, id, true),
    [`${method} /v2/schedules/:id/resume`]: ({ id }) => setPaused(parts, id, false),
  };
}

async function create(parts: ScheduleParts, { request, rest, ip }: Call): Promise<Answer> {
  const body = await readBody(request, largestBody);
  if (isRejection(body)) return body;
  const { target, settings } = readTargetPath(rest);
  const headers = filledUp(request.headers, settings, groupHeaders(parts.store, target));
  const asked = readDraft({ target, headers, body, ip });
  return isRejection(asked) ? asked : await keepSchedule(parts, asked);
}

/** Makes a schedule, or replaces the one with its id. While the cron stays the same its next tick stays, too. */
export async function keepSchedule(
  { store, committer, now, onChange }: ScheduleParts,
  asked: PublishRequest,
): Promise<Answer> {
  const { cron, "schedule-id": given } = asked.settings;
  if (cron === undefined) return reject(400, "the header Upstash-Cron is missing");
  const time = now();
  const fault = cronFault(cron, time);
  if (fault) return fault;
  const id = given ?? `scd_${Bun.randomUUIDv7("hex").replaceAll("-", "")}`;
  const { url, method, headers, body, delayMs: delay, retries, flow, extras } = asked.draft;
  const { label = null, queue = null, topic = null, ip = null } = asked.draft;
  if (topic !== null && !store.topic.get(topic)) return reject(404, `URL group ${topic} not found`);
  const when = { cron, created: time, next: nextTick(cron, time) ?? null, delay };
  const what = { url, method, header: JSON.stringify(headers), body, retries, label };
  const rest = { queue, topic, ip, flow: flow ? JSON.stringify(flow) : null, extras: JSON.stringify(extras ?? {}) };
  await committer.commit(() => store.keepSchedule.run({ id, ...when, ...what, ...rest }));
  onChange();
  return { json: { scheduleId: id } };
}

async function setPaused(
  { store, committer, now, onChange }: ScheduleParts,
  id: string,
  paused: boolean,
): Promise<Answer> {
  const changed = await committer.commit(() => {
    const schedule = store.schedule.get(id);
    if (!schedule) return false;
    const next = paused || !schedule.paused ? schedule.next : (nextTick(schedule.cron, now()) ?? null);
    store.pauseSchedule.run(paused ? 1 : 0, next, id);
    return true;
  });
  onChange();
  return changed ? {} : notFound(id);
}

function scheduleView(store: Store, schedule: Schedule): Record<string, unknown> {
  const { url, ...common } = commonView(schedule);
  const flow = flowOf(schedule);
  return {
    scheduleId: schedule.id,
    cron: schedule.cron,
    destination: schedule.topic ?? url,
    ...common,
    retries: schedule.retries,
    ...(schedule.delay > 0 ? { delay: schedule.delay / 1_000 } : {}),
    isPaused: schedule.paused === 1,
    ...(flow ? flowView(flow) : {}),
    lastScheduleTime: schedule.last ?? undefined,
    nextScheduleTime: schedule.paused === 1 ? undefined : (schedule.next ?? undefined),
    ...(schedule.sent === null ? {} : { lastScheduleStates: statesOf(store, schedule.sent) }),
  };
}

/** What became of a tick's messages. */
function statesOf(store: Store, sent: string): Record<string, string> {
  const ids: string[] = JSON.parse(sent);
  const state = (id: string) => (store.find.get(id) ? "IN_PROGRESS" : store.isDead.get(id) ? "FAIL" : "SUCCESS");
  return Object.fromEntries(ids.map((id) => [id, state(id)]));
}

function notFound(id: string): Answer {
  return reject(404, `schedule ${id.slice(0, 100)} not found`);
}
