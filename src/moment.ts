/** Where and in what language somebody reads: a locale (BCP 47) and a zone (IANA). */
export interface Place {
  readonly locale: string;
  readonly timeZone: string;
}

/** So many places are remembered at most: they come from members, so that there are not many; others are made anew. */
const maxPlaces = 1_000;

/**
 * What is said of a thing that never changes, worked out once for each place where it is read: messages go to a
 * million, and are read in a few dozen.
 */
export function oncePerPlace<Thing extends object, Said>(
  say: (thing: Thing, place: Place) => Said,
): (thing: Thing, place: Place) => Said {
  const told = new WeakMap<Thing, Map<string, Said>>();
  return (thing, place) => {
    const known = told.get(thing) ?? new Map<string, Said>();
    told.set(thing, known);
    return remembered(known, place, () => say(thing, place));
  };
}

function remembered<Value>(known: Map<string, Value>, { locale, timeZone }: Place, make: () => Value): Value {
  const key = `${locale}/${timeZone}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  if (known.size < maxPlaces) known.set(key, made);
  return made;
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

function formatsOf(place: Place): Formats {
  const { locale, timeZone } = place;
  return remembered(formats, place, () => ({
    moment: new Intl.DateTimeFormat(locale, { ...format, timeZone }),
    zone: new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: "short" }),
  }));
}
