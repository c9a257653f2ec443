/** Where and in what language somebody reads: a locale (BCP 47) and a zone (IANA). */
export interface Place {
  readonly locale: string;
  readonly timeZone: string;
}

/**
 * A moment as a message says it: put out, it is words in the reader's language and zone, the zone named, such as
 * `31. Dezember 2026 um 23:59 MEZ`; with a format, `{{ coupon.validUntil | date: "%d.%m." }}`, it is what that makes of
 * it, in the same zone.
 */
export class Moment {
  /** In milliseconds. */
  readonly at: number;
  readonly #place: Place;
  constructor(at: number, place: Place) {
    this.at = at;
    this.#place = place;
  }
  toString(): string {
    return momentText(this.at, this.#place);
  }
  valueOf(): number {
    return this.at;
  }
  toJSON(): string {
    return new Date(this.at).toISOString();
  }
}

/** A moment that may be none, which says nothing. */
export function momentIn(place: Place, at: number | null): Moment | "" {
  return at === null ? "" : new Moment(at, place);
}

const minuteMs = 60_000;

/**
 * An end as people say it, ms: what ends as a day begins is good until 23:59 of the day before, for who reads "until
 * January 1" takes that for a day on which it still is. All other ends are said as they are.
 */
export function lastMinute(end: number, { timeZone }: Place): number {
  if (end % minuteMs !== 0) return end;
  const there = Temporal.Instant.fromEpochMilliseconds(end).toZonedDateTimeISO(timeZone);
  return there.startOfDay().epochMilliseconds === end ? end - minuteMs : end;
}

/** The same as a moment, of an end that may be none. */
export function endIn(place: Place, end: number | null): Moment | "" {
  return end === null ? "" : new Moment(lastMinute(end, place), place);
}

/** An end (ms) in words, as {@link lastMinute} and {@link momentText} have it. */
export function endText(end: number, place: Place): string {
  return momentText(lastMinute(end, place), place);
}

/** With blanks that a text message can afford: one that does not break makes it twice as dear. */
export function plainBlanks(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, " ");
}

/** A moment (ms) in words, to the minute, in a reader's language and zone, with the zone's name. */
export function momentText(at: number, place: Place): string {
  const { words, zone } = writtenIn(at, place);
  return `${words} ${zone}`;
}

/**
 * From when until when (ms) in words, the zone named once where it has one name for both: summer and winter time have
 * two.
 */
export function spanTexts(from: number, end: number, place: Place): [from: string, until: string] {
  const [first, last] = [writtenIn(from, place), writtenIn(lastMinute(end, place), place)];
  return [first.zone === last.zone ? first.words : `${first.words} ${first.zone}`, `${last.words} ${last.zone}`];
}

/** The zone's name apart: some languages would have it in the middle. */
function writtenIn(at: number, place: Place): { readonly words: string; readonly zone: string } {
  const { moment, zone } = formatsOf(place);
  const name = zone.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  return { words: plainBlanks(moment.format(at)), zone: plainBlanks(name) };
}

const format = { dateStyle: "long", timeStyle: "short" } as const;

interface Formats {
  readonly moment: Intl.DateTimeFormat;
  readonly zone: Intl.DateTimeFormat;
}

const formats = new Map<string, Formats>();
/** Places come from members, so that there are not many; what is more is made anew. */
const maxFormats = 1_000;

function formatsOf({ locale, timeZone }: Place): Formats {
  const key = `${locale}/${timeZone}`;
  const known = formats.get(key);
  if (known) return known;
  const made = {
    moment: new Intl.DateTimeFormat(locale, { ...format, timeZone }),
    zone: new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: "short" }),
  };
  if (formats.size < maxFormats) formats.set(key, made);
  return made;
}
