import { channelNames, pushNames } from "../channels/catalog.ts";
import { type Meaning, readHeadings } from "../file/headings.ts";
import { readLocalMoment } from "../value/date.ts";
import { isRounded, readExternalId, rounded } from "../value/external-id.ts";
import { readNumber, readWhole } from "../value/number.ts";
import { isUnfit, type Reader, unfit } from "../value/value.ts";
import { canonicalPath, isAttributePath } from "./attribute-term.ts";

/** One column of a file: where its cells go in an item, and how a cell is read. */
export interface Column {
  /** From 1, as a spreadsheet counts. */
  readonly number: number;
  /** The place in the item, as an issue of the item's check names it. */
  readonly place: string;
  /** Puts the value of a cell, which is not empty, into the item; answers what is wrong with the cell, bare of it. */
  put(item: Draft, cell: string): string | undefined;
}

/** An item in the making. */
export type Draft = Record<string, unknown> & { [words]?: ReadonlyMap<string, WordInFile> };

/** Where a draft keeps its words of consent while their columns are read; the check of an item does not see it. */
const words: unique symbol = Symbol("words of consent");

/**
 * Reads a header. `names` maps headings to fields where they differ, and to `-` what is not to be imported; dates
 * without a time are days in `zone`, the shop's. Refuses what {@link readHeadings} does, and a header without
 * `externalId`.
 */
export function columnsOf(
  header: { readonly row: number; readonly cells: readonly string[] },
  zone: string,
  names: Readonly<Record<string, string>> = {},
) {
  const meaningOf = (name: string) => kindOf(name, zone);
  return readHeadings(header, { names, needed: "externalId", known: knownFields, meaningOf });
}

type Kind = Omit<Column, "number"> & Meaning;
/** Reads a cell; `zone` is the shop's, in which dates without a time are meant. */
type Read = (cell: string, zone: string) => ReturnType<Reader<unknown>>;

const text: Read = (cell) => cell;
/** What a spreadsheet wrote for a number of many digits says no longer what it was. */
const fact: Read = (cell) => (isRounded(cell) ? unfit(rounded) : cell);
const yes = /^(1|true|yes|y)$/i;
const no = /^(0|false|no|n)$/i;
const yesNo: Read = (cell) =>
  yes.test(cell.trim()) || (no.test(cell.trim()) ? false : unfit("is neither yes nor no: write one of them"));
const moment =
  (edge?: "start" | "end"): Read =>
  (cell, zone) => {
    const ms = readLocalMoment(zone, edge)(cell);
    return isUnfit(ms) ? ms : new Date(ms).toISOString();
  };
const list: Read = (cell) =>
  cell
    .split("|")
    .map((part) => part.trim())
    .filter((part) => part !== "");

const fields: Readonly<Record<string, Read>> = {
  externalId: readExternalId,
  name: text,
  email: text,
  phone: text,
  locale: text,
  timeZone: text,
  accountType: text,
  level: readWhole,
  consecutiveActiveDays: readWhole,
  activeDaysLastMonth: readWhole,
  totalSpend: readWhole,
  points: readWhole,
  birthday: text,
  registeredAt: moment(),
  membershipEndsAt: moment("end"),
  lastActiveAt: moment(),
  control: yesNo,
  tags: list,
  pushTokens: list,
};
const prefixed =
  "pushTokens:CHANNEL, attribute:PATH, attribute:PATH:number, attribute:PATH:boolean, " +
  "consent:CHANNEL, consent:CHANNEL:TOPIC, consentAt:CHANNEL and consentAt:CHANNEL:TOPIC";
export const knownFields = `${Object.keys(fields).join(", ")}, ${prefixed}`;
const spellings = new Map(Object.keys(fields).map((name) => [plain(name), name]));

/** `external_id`, `External ID` and `externalId` are the same. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}

function kindOf(name: string, zone: string): Kind | undefined {
  const [word = "", ...rest] = name.split(":");
  if (word === "attribute") return attributeKind(rest);
  if (word === "pushTokens" && rest.length > 0) return tokensKind(rest, zone);
  if (word === "consent") return consentKind("granted", rest, zone);
  if (word === "consentAt") return consentKind("date", rest, zone);
  const field = spellings.get(plain(name));
  const read = field === undefined ? undefined : fields[field];
  return field === undefined || !read
    ? undefined
    : {
        place: field,
        put: (item, cell) => taking(read(cell, zone), (value) => Object.assign(item, { [field]: value })),
      };
}

function tokensKind([channel = "", ...more]: readonly string[], zone: string): Kind | undefined {
  if (more.length > 0 || !pushNames.some((name) => name === channel)) return undefined;
  return {
    place: `pushTokens:${channel}`,
    put: (item, cell) =>
      taking(list(cell, zone), (tokens) => {
        const others = Array.isArray(item.channelTokens) ? item.channelTokens : [];
        item.channelTokens = [...others, { channel, tokens }];
      }),
  };
}

function attributeKind([given = "", type = "text", ...more]: readonly string[]): Kind | undefined {
  const path = canonicalPath(given);
  const read = new Map<string, Reader<unknown>>([
    ["text", (cell) => fact(cell, "")],
    ["number", readNumber],
    ["boolean", (cell) => yesNo(cell, "")],
  ]).get(type);
  const names = path.split(".");
  if (!read || more.length > 0 || !isAttributePath(path) || names.includes("__proto__")) return undefined;
  const place = ["attributes", ...names];
  const inside = names.slice(1).map((_, i) => place.slice(0, i + 2).join("."));
  return {
    place: place.join("."),
    inside,
    put: (item, cell) => taking(read(cell), (value) => putAt(item, place, value)),
  };
}

function putAt(into: Draft, [name = "", ...below]: readonly string[], value: unknown): void {
  if (below.length === 0) {
    into[name] = value;
    return;
  }
  const there = Object.hasOwn(into, name) ? into[name] : undefined;
  const inner: Draft = isDraft(there) ? there : {};
  into[name] = inner;
  putAt(inner, below, value);
}

function isDraft(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A word of consent and, in another column, when it was said: a day where there is no time. */
interface WordInFile {
  readonly about: { readonly channel: string; readonly topic?: string };
  readonly granted?: unknown;
  readonly date?: string;
}

function consentKind(
  part: "granted" | "date",
  [channel = "", ...rest]: readonly string[],
  zone: string,
): Kind | undefined {
  if (!channelNames.some((name) => name === channel)) return undefined;
  const about = { channel, ...(rest.length > 0 ? { topic: rest.join(":") } : {}) };
  const word = [channel, ...rest].join(":");
  const read = part === "granted" ? yesNo : day;
  return {
    place: `${part === "granted" ? "consent" : "consentAt"}:${word}`,
    put: (item, cell) => taking(read(cell, zone), (value) => speak(item, word, zone, { about, [part]: value })),
  };
}

/** Whichever of its columns comes first; a date alone says nothing. */
function speak(item: Draft, word: string, zone: string, part: WordInFile): void {
  const spoken = new Map(item[words]);
  item[words] = spoken.set(word, { ...spoken.get(word), ...part });
  const said = [...spoken.values()].filter(({ granted }) => granted !== undefined);
  if (said.length > 0)
    item.consent = said.map(({ about, granted, date }) => ({ ...about, granted, ...atOf(granted, date, zone) }));
}

/** Of a day nobody knows the hour: a yes counts from its beginning, a no until its end. */
function atOf(granted: unknown, date: string | undefined, zone: string): { readonly at?: unknown } {
  return date === undefined ? {} : { at: moment(granted === false ? "end" : "start")(date, zone) };
}

/** A cell that says when, as it stands: what it is the edge of depends on the word. */
const day: Read = (cell, zone) => {
  const read = moment()(cell, zone);
  return isUnfit(read) ? read : cell;
};

function taking(read: ReturnType<Read>, take: (value: unknown) => void): string | undefined {
  if (isUnfit(read)) return read.unfit;
  take(read);
  return undefined;
}
