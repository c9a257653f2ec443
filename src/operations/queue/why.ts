import type { Outage } from "../../queue/qstash.ts";
import { type Setback, setbackText } from "../../queue/setback.ts";
import type { QueueFlow } from "./flow.ts";
import type { InFlight } from "./in-flight.ts";
import { dueAt, lastFailure, type QueueMessage } from "./message.ts";
import type { Sweeps } from "./sweeps.ts";

/** What keeps a message where it is. */
export const verdicts = [
  "WAITING_IN_OUTBOX",
  "DELAYED",
  "FLOW_PAUSED",
  "THROTTLED",
  "DUE",
  "RUNNING",
  "RETRYING",
  "DEAD",
  "DELIVERED",
  "CANCELLED",
  "UNKNOWN",
] as const;
export type Verdict = (typeof verdicts)[number];

/** Why a message is where it is, and what to do about it. */
export interface Why {
  readonly verdict: Verdict;
  /** A sentence or two, with the figures. */
  readonly summary: string;
  readonly advice: string;
  /** When this ends by itself (ms), where that is known. */
  readonly until: number | null;
  /** Of a dead message, while its letter is there. */
  readonly letterId: string | null;
}

/** What a verdict is made of besides the message. */
export interface Facts {
  readonly now: number;
  readonly outage: Outage | undefined;
  /** The message's flow; undefined for one that has none. */
  readonly flow: QueueFlow | undefined;
  /** Deliveries under way in the whole queue. */
  readonly inFlight: InFlight | undefined;
  /** The dead letter of a dead message. */
  readonly letterId: string | undefined;
  /** What put its work off. */
  readonly setback: Setback | undefined;
  /** Whether lost work is looked for; undefined where that does not matter. */
  readonly sweeps: Pick<Sweeps, "coming" | "lastAt"> | undefined;
}

export function whyOf(message: QueueMessage, facts: Facts): Why {
  const queued = whyQueued(message, facts);
  const { setback } = facts;
  if (!setback || message.state === "DELIVERED" || message.state === "CANCELLED") return queued;
  const told = setbackText(setback);
  // What the queue itself has nothing against waits for whoever put it off.
  if (queued.verdict !== "DELAYED" && queued.verdict !== "DUE")
    return { ...queued, summary: `${queued.summary} ${told}`, advice: `${queued.advice} ${setback.advice}` };
  const again = queued.until === null ? "It is tried again now." : `It is tried again at ${time(queued.until)}.`;
  return why("RETRYING", { summary: `${told} ${again}`, advice: setback.advice, until: queued.until });
}

function whyQueued(message: QueueMessage, facts: Facts): Why {
  switch (message.state) {
    case "OUTBOX":
      return whyInOutbox(message, facts);
    case "WAITING":
    case "RETRYING":
      return whyWaiting(message, facts);
    case "RUNNING":
      return why("RUNNING", {
        summary: `Attempt ${message.attempts.length} has been with ${message.job} since ${time(message.since)}.`,
        advice: "Wait for it. If the process that had it is gone, the queue tries again when its patience ends.",
      });
    case "DEAD":
      return whyDead(message, facts);
    case "DELIVERED":
      return why("DELIVERED", {
        summary: `It was delivered at ${time(message.since)}.`,
        advice: "Nothing waits for it any more; `run.progress.waitsFor` says what its run waits for.",
      });
    case "CANCELLED":
      return why("CANCELLED", { summary: `It was cancelled at ${time(message.since)}.`, advice: sweepAdvice(facts) });
    case "UNKNOWN":
      return why("UNKNOWN", { summary: "The queue does not know it, or no more.", advice: sweepAdvice(facts) });
  }
}

function sweepAdvice({ sweeps }: Facts): string {
  if (sweeps?.coming !== false) {
    return "Where its work is still wanted, the sweep publishes a message for it anew within two minutes.";
  }
  const since = sweeps.lastAt === null ? "since the start" : `since ${time(sweeps.lastAt)}`;
  return (
    `The sweep, which would publish a message for it anew, has not come ${since}: the queue does not reach this ` +
    "installation. `queueStatus { sweeps }` and /readyz tell what was found; once sweeps come, its work goes on."
  );
}

function whyInOutbox({ row }: QueueMessage, { outage }: Facts): Why {
  if (outage) {
    return why("WAITING_IN_OUTBOX", {
      summary: `The queue takes no messages: ${outage.error}. It is asked again at ${time(outage.until)}.`,
      advice: "Bring the queue back (/readyz tells whether it answers); everything that waits then leaves by itself.",
      until: outage.until,
    });
  }
  if (row?.error) {
    return why("WAITING_IN_OUTBOX", {
      summary: `The queue refused it: ${row.error}. It is offered again at ${time(row.next_try_at)}.`,
      advice: "Mend what the queue names; `retryMessage` offers it again at once, `cancelMessage` drops it.",
      until: row.next_try_at,
    });
  }
  return why("WAITING_IN_OUTBOX", {
    summary: "It is committed and about to leave for the queue.",
    advice: "Ask again in a moment.",
  });
}

function whyWaiting(message: QueueMessage, facts: Facts): Why {
  const due = dueAt(message);
  const failure = lastFailure(message);
  if (due !== null && due > facts.now) {
    if (message.state === "RETRYING") {
      return why("RETRYING", {
        summary: `Attempt ${message.attempts.length} failed (${failure}); the next is at ${time(due)}.`,
        advice: "Mend the cause. `retryMessage` then does not wait for the time.",
        until: due,
      });
    }
    return why("DELAYED", {
      summary: `It is meant for ${time(due)}.`,
      advice: "Nothing is to be done: it is delivered then.",
      until: due,
    });
  }
  const held = heldByFlow(facts) ?? heldByQueue(facts);
  if (!held) {
    return why("DUE", {
      summary: "It is due and nothing holds it back.",
      advice: "Ask again in a moment. If it stays, the queue itself is slow: see `queueStatus`.",
    });
  }
  return failure === null ? held : { ...held, summary: `${held.summary} Its last attempt failed (${failure}).` };
}

function heldByFlow({ flow }: Facts): Why | undefined {
  if (!flow) return undefined;
  const { name, waiting, running, parallelism, rate } = flow;
  if (flow.paused) {
    return why("FLOW_PAUSED", {
      summary: `The flow ${name} is paused; ${waiting} of its messages wait.`,
      advice: `\`resumeFlow\` with the flow ${name} lets them go on.`,
    });
  }
  const raise = flow.pinned
    ? "Wait, or give the flow other limits with `setFlowLimits`, or its usual ones with `clearFlowLimits`."
    : "Wait, or give the flow other limits with `setFlowLimits`, as far as what is behind it bears them.";
  if (rate && rate.used >= rate.most) {
    const opens = rate.opensAt === null ? "" : `; the next period begins at ${time(rate.opensAt)}`;
    return why("THROTTLED", {
      summary:
        `The flow ${name} may begin ${rate.most} deliveries in ${rate.seconds} s and has${opens}. ` +
        `${waiting} wait.`,
      advice: raise,
      until: rate.opensAt,
    });
  }
  if (parallelism === null || running < parallelism) return undefined;
  return why("THROTTLED", {
    summary: `All ${parallelism} deliveries that the flow ${name} may make at once are under way. ${waiting} wait.`,
    advice: raise,
  });
}

function heldByQueue({ inFlight }: Facts): Why | undefined {
  if (!inFlight || inFlight.most === 0 || inFlight.running < inFlight.most) return undefined;
  return why("THROTTLED", {
    summary: `All ${inFlight.most} deliveries that the queue makes at once are under way.`,
    advice: "Wait, or pause a flow that matters less with `pauseFlow`.",
  });
}

function whyDead(message: QueueMessage, { letterId }: Facts): Why {
  const tries = message.attempts.length === 1 ? "once" : `${message.attempts.length} times`;
  const summary = `It was tried ${tries}, the last time in vain (${lastFailure(message)}), and is given up.`;
  if (letterId === undefined) {
    return why("DEAD", {
      summary: `${summary} Its dead letter is gone: replayed, deleted, or too old.`,
      advice: "Where it was replayed, a newer message about the same subject does its work; look for that.",
    });
  }
  return why("DEAD", {
    summary,
    advice:
      "Mend the cause, then `replayDeadLetter`; where the payload is the cause, `editAndReplayDeadLetter`. " +
      "Its run goes on by itself.",
    letterId,
  });
}

function why(verdict: Verdict, rest: Pick<Why, "summary" | "advice"> & Partial<Why>): Why {
  return { until: null, letterId: null, ...rest, verdict };
}

function time(ms: number | null): string {
  return ms === null ? "a time unknown" : new Date(ms).toISOString();
}
