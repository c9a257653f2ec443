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
  readonly text: string;
  constructor(at: number, place: Place) {
    this.at = at;
    this.text = momentText(at, place);
  }
  toString(): string {
    return this.text;
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

/** With blanks that a text message can afford: one that does not break makes it twice as dear. */
export function plainBlanks(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, " ");
}

/** A moment (ms) in words, to the minute, in a reader's language and zone, with the zone's name. */
export function momentText(at: number, place: Place): string {
  return plainBlanks(formatOf(place).format(at));
}

const format = {
  year: "numeric",
  month: "long",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "short",
} as const;

const formats = new Map<string, Intl.DateTimeFormat>();
/** Places come from members, so that there are not many; what is more is made anew. */
const maxFormats = 1_000;

function formatOf({ locale, timeZone }: Place): Intl.DateTimeFormat {
  const key = `${locale}/${timeZone}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { ...format, timeZone });
  if (formats.size < maxFormats) formats.set(key, made);
  return made;
}
