import type { LifecycleKind } from "./table.ts";

/** A member whose day may have come. */
export interface Candidate {
  readonly seq: number;
  readonly zone: string;
  /** Of birthdays the date of birth; of all others a moment (ms). */
  readonly value: string | number;
  /** Of coupons which one; else the member's number again. */
  readonly id: number;
}

/** What a policy looks for. */
export interface Looking {
  readonly kind: LifecycleKind;
  readonly days: number;
  readonly hour: number;
  /** All whose hour came up to here (ms) are decided on. */
  readonly since: number;
  /** ms. */
  readonly now: number;
}

/** An occasion that is decided on: its member is told, or it was missed, for its day has passed. */
export interface Decided {
  readonly member: number;
  readonly occasion: string;
  readonly isMissed: boolean;
}

/**
 * What is to be decided of candidates. Told is on the very day, from the hour on; a day that passed while nobody looked
 * is missed, where its hour came since the last look. By each member's own clock: of a skipped hour, the next one.
 */
export function occasionsOf(looking: Looking): (candidate: Candidate) => Decided | undefined {
  const clocks = new Map<string, Temporal.ZonedDateTime>();
  const clockOf = (zone: string) => {
    const known = clocks.get(zone) ?? inZone(looking.now, zone);
    clocks.set(zone, known);
    return known;
  };
  return (candidate) => {
    const here = clockOf(candidate.zone);
    const today = here.toPlainDate();
    const day = dayOf(looking, candidate, today);
    if (day === undefined) return undefined;
    const decided = { member: candidate.seq, occasion: nameOf(looking.kind, candidate, day) };
    const order = Temporal.PlainDate.compare(day, today);
    if (order === 0) return here.hour >= looking.hour ? { ...decided, isMissed: false } : undefined;
    if (order > 0) return undefined;
    const due = day.toZonedDateTime({ timeZone: candidate.zone, plainTime: { hour: looking.hour } });
    return due.epochMilliseconds > looking.since ? { ...decided, isMissed: true } : undefined;
  };
}

function inZone(ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
}

/** The day on which a member is to be told, by the calendar where she is; of birthdays the last up to today. */
function dayOf({ kind, days }: Looking, { value, zone }: Candidate, today: Temporal.PlainDate) {
  if (typeof value === "string") return lastBirthday(value, today);
  const day = inZone(value, zone).toPlainDate();
  return kind === "MEMBERSHIP_ENDS" || kind === "COUPON_EXPIRES" ? day.subtract({ days }) : day.add({ days });
}

/** Who was born on 29 February has it on the 28th in common years. The day of birth itself is none. */
function lastBirthday(born: string, today: Temporal.PlainDate): Temporal.PlainDate | undefined {
  const birth = Temporal.PlainDate.from(born);
  const inYear = birth.with({ year: today.year }, { overflow: "constrain" });
  const { month, day } = birth;
  const year = Temporal.PlainDate.compare(inYear, today) > 0 ? today.year - 1 : today.year;
  return year > birth.year ? Temporal.PlainDate.from({ year, month, day }, { overflow: "constrain" }) : undefined;
}

/** What makes an occasion the same one again, though zone, birthday or policy change: it is told of once. */
function nameOf(kind: LifecycleKind, { value, id }: Candidate, day: Temporal.PlainDate): string {
  switch (kind) {
    case "BIRTHDAY":
      return `birthday/${day.year}`;
    case "MEMBERSHIP_ENDS":
      return `membership/${value}`;
    case "COUPON_EXPIRES":
      return `coupon/${id}`;
    case "INACTIVE":
      return `inactive/${value}`;
    case "REGISTERED":
      return "registered";
  }
}
