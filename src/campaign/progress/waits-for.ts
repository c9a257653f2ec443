import type { StandingRefusal } from "../delivery/refusal.ts";
import { describeReview, type RunReview } from "../frozen-campaign.ts";
import type { RunState } from "../state.ts";
import { areDeferred, type ChannelProgress } from "./send-counts.ts";

interface RunFacts {
  readonly state: RunState;
  readonly dueAt: number;
  readonly planned: boolean;
  /** Planned and not written. */
  readonly pagesLeft: number;
  /** Members' own clocks count. */
  readonly isByClocks: boolean;
  /** When the next wave by those comes (ms). */
  readonly nextWave: number | null;
  /** When the next of the deferred sends are due (ms). */
  readonly nextWake: number | null;
  /** What it tells of is not there now. */
  readonly tellsNothing: boolean;
  /** It tells of coupons of which there are no more. */
  readonly tellsOfNone: boolean;
  /** Why it is in review, or last was. */
  readonly review: RunReview | null;
}

/** What a run waits for, in words for an operator; null when it has ended. */
export function waitingFor(run: RunFacts, channels: readonly ChannelProgress[], now: number): string | null {
  switch (run.state) {
    case "PENDING":
      if (run.dueAt > now) return `its start at ${new Date(run.dueAt).toISOString()}`;
      if (run.tellsNothing) return "someone to enable its promotion again";
      return run.tellsOfNone ? "someone to have its promotion give what is in offer" : "the queue, to begin it";
    case "IN_REVIEW":
      return `someone who wrote none of it to approve it${run.review ? `: ${describeReview(run.review)}` : ""}`;
    case "PAUSED":
      return "someone to resume the campaign";
    case "FAILED":
      return "someone to replay its dead letters";
    case "RUNNING":
    case "CANCELLING":
      return workLeft(run, channels, now).join("; ") || "its end to be noticed";
    case "COMPLETED":
    case "CANCELLED":
      return null;
  }
}

/** What a provider says that puts sends off, how often since when, and when it is asked again. */
export function refusalText({ channel, words, times, since, retryAt }: StandingRefusal): string {
  const often = times === 1 ? "once" : `${times} times`;
  const [first, next] = [since, retryAt].map((ms) => new Date(ms).toISOString());
  return `${channel}: its provider puts sends off (${words}), ${often} since ${first}; it is asked again at ${next}`;
}

function workLeft(run: RunFacts, channels: readonly ChannelProgress[], now: number): string[] {
  const { planned, pagesLeft, nextWake } = run;
  const work = channels.flatMap(({ channel, counts, reasons, refusal }) => {
    const deferred = reasons.filter(({ state }) => state === "PENDING");
    const ready = counts.PENDING - deferred.reduce((sum, { n }) => sum + n, 0);
    return [
      ...(ready > 0 ? [`${channel}: ${ready} sends that wait for their turn`] : []),
      ...deferred.map(({ reason, n }) =>
        reason === "QUIET_HOURS"
          ? `${channel}: ${n} sends until their members' quiet hours end`
          : `${channel}: ${n} sends deferred (${reason})`,
      ),
      ...(counts.SENDING > 0 ? [`${channel}: ${counts.SENDING} sends to be answered by the provider`] : []),
      ...(refusal ? [refusalText(refusal)] : []),
    ];
  });
  if (nextWake !== null && areDeferred(channels))
    work.push(`the next of those deferred are due at ${new Date(nextWake).toISOString()}`);
  if (!planned) work.unshift(planningLeft(run, now));
  if ((planned || run.isByClocks) && pagesLeft > 0) work.unshift(`${pagesLeft} pages to be written`);
  return work;
}

function planningLeft({ isByClocks, nextWave }: RunFacts, now: number): string {
  if (!isByClocks || (nextWave !== null && nextWave <= now)) return "the rest of its audience to be cut into pages";
  return nextWave === null
    ? "those to be looked for who changed time zones meanwhile"
    : `its next wave at ${new Date(nextWave).toISOString()}`;
}
