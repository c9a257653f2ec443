import type { Standing } from "../timed.ts";
import type { Decision, OccurrenceState, Schedule } from "./table.ts";

/** An occurrence that is due, and all that is asked before it fires. */
export interface Due {
  readonly dueAt: number;
  /** A later one of its schedule is due as well. */
  readonly isSuperseded: boolean;
  /** One of its schedule waits already until what went before is over. */
  readonly isQueued: boolean;
  readonly schedule: Pick<Schedule, "id" | "state" | "misfire" | "withinMs" | "overlap">;
  readonly standing: Standing;
}

export interface Verdict {
  readonly state: Extract<OccurrenceState, "FIRED" | "QUEUED" | "SKIPPED">;
  /** None yet of what is queued. */
  readonly decision: Decision | null;
}

/** Later than this (ms) it was missed: the sweep comes every minute, and a queue may take one. */
export const graceMs = 2 * 60_000;

/**
 * What becomes of an occurrence that is due. Of several that were missed the newest stands for all, so that nobody
 * hears twelve times of what was to be said every quarter of an hour.
 */
function decide(due: Due, now: number): Verdict {
  const { schedule, standing } = due;
  if (schedule.state !== "ACTIVE") return skipped("PAUSED");
  if (standing === "OFF" || standing === "OVER") return skipped("NOT_ACTIVE");
  const late = now - due.dueAt;
  const isMissed = late > graceMs;
  if (isMissed && !isMadeUpFor(schedule, late)) return skipped("MISSED");
  if (isMissed && due.isSuperseded) return skipped("SUPERSEDED");
  // What waits goes first, also where what it waited for is over by now.
  if ((standing === "BUSY" || due.isQueued) && schedule.overlap !== "RUN_BOTH") {
    if (schedule.overlap === "SKIP" || due.isQueued) return skipped("OVERLAPPED");
    return { state: "QUEUED", decision: null };
  }
  return { state: "FIRED", decision: isMissed ? "LATE" : "ON_TIME" };
}

/** The same of some, one behind the other: what fires is under way, and what is queued waits, for those behind it. */
export function decideInTurn(due: readonly Due[], now: number): Verdict[] {
  const [busy, queued] = [new Set<number>(), new Set<number>()];
  return due.map((each) => {
    const { id } = each.schedule;
    const standing = busy.has(id) ? "BUSY" : each.standing;
    const verdict = decide({ ...each, standing, isQueued: each.isQueued || queued.has(id) }, now);
    if (verdict.state === "FIRED") busy.add(id);
    if (verdict.state === "QUEUED") queued.add(id);
    return verdict;
  });
}

function isMadeUpFor({ misfire, withinMs }: Due["schedule"], late: number): boolean {
  return misfire === "RUN_NOW" || (misfire === "RUN_IF_WITHIN" && late <= (withinMs ?? 0));
}

/** What becomes of one that waits until what went before is over; undefined: it waits on. */
export function decideQueued({ schedule, standing }: Pick<Due, "schedule" | "standing">): Verdict | undefined {
  if (schedule.state !== "ACTIVE") return skipped("PAUSED");
  if (standing === "BUSY") return undefined;
  return standing === "READY" ? { state: "FIRED", decision: "AFTER_OVERLAP" } : skipped("NOT_ACTIVE");
}

/** Those that did not come when they were due, as schedules count them. */
export const missedDecisions: readonly Decision[] = ["LATE", "MISSED", "SUPERSEDED"];

function skipped(decision: Decision): Verdict {
  return { state: "SKIPPED", decision };
}
