import { inZone } from "../../cron/clock-change.ts";
import { isExcluded } from "./exclusion.ts";
import { clockNote } from "./note.ts";
import { type Timing, timesAfter } from "./recurrence.ts";

/** What a clock on the wall of a zone shows at a moment. */
export interface Wall {
  readonly zone: string;
  /** `2027-03-28 03:30`, with seconds where there are any. */
  readonly time: string;
  /** The offset from UTC that it then has: `+02:00`. */
  readonly offset: string;
}

/** One time that is to come, as people look at it beforehand. */
export interface Preview {
  /** When it is planned for, ms; jitter is not in it. */
  readonly at: number;
  /** Whether nothing will come, because the day is left out. */
  readonly excluded: boolean;
  /** What a change of the schedule's clock does to it, in words; null on all other days. */
  readonly note: string | null;
  /** In the schedule's zone. */
  readonly here: Wall;
  /** In the reader's zone. */
  readonly there: Wall;
}

/** For whom it is: the reader's zone, and the days of all lists of holidays that the timing names. */
interface Reader {
  readonly zone: string;
  readonly holidays: ReadonlySet<string>;
}

/** The next `n` planned times after a moment (ms). */
export function preview(timing: Timing, reader: Reader, after: number, n: number): Preview[] {
  return [...timesAfter(timing, after).take(n)].map((at) => ({
    at,
    excluded: isExcluded(timing, reader.holidays, at),
    note: clockNote(timing, at),
    here: wallIn(timing.zone, at),
    there: wallIn(reader.zone, at),
  }));
}

function wallIn(zone: string, at: number): Wall {
  const local = inZone(zone, at);
  const time = local.toPlainTime().toString({ smallestUnit: local.second === 0 ? "minute" : "second" });
  return { zone, time: `${local.toPlainDate()} ${time}`, offset: local.offset };
}
