import { pushNames } from "../channels/catalog.ts";
import { type Meaning, readHeadings } from "../file/headings.ts";
import { readDate, readLocalMoment } from "../value/date.ts";
import { readEmail } from "../value/email-address.ts";
import { isRounded, readExternalId, rounded } from "../value/external-id.ts";
import { readLanguage } from "../value/language.ts";
import { readNumber, readWhole } from "../value/number.ts";
import { readPhone } from "../value/phone.ts";
import { readTimeZone } from "../value/time-zone.ts";
import { isUnfit, type Reader, unfit } from "../value/value.ts";
import { canonicalPath, isAttributePath } from "./attribute-term.ts";
import { readWhen, speak, type WordInFile, wordIn } from "./import-consent.ts";
import { type NumberField, numberFault, readAccountType, readName } from "./member-item.ts";

/** One column of a file: where its cells go in an item, and how a cell is read. */
export interface Column {
  /** From 1, as a spreadsheet counts. */
  readonly number: number;
  /** The place in the item, as an issue of the item's check names it. */
  readonly place: string;
  /** Whether what it puts is as an item holds it; else the check of items makes it so. */
  readonly isRead: boolean;
  /** Puts the value of a cell, which is not empty, into the item; answers what is wrong with the cell, bare of it. */
  put(item: Draft, cell: string): string | undefined;
}

/** An item in the making. */
export interface Draft {
  [field: string]: unknown;
  /** Words of which columns are still to be read. */
  consent?: WordInFile[];
}

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
  return readHeadings(header, { names, needed: ["externalId"], known: knownFields, meaningOf });
}

type Kind = Omit<Column, "number"> & Meaning;
/** Reads a cell; `zone` is the shop's, in which dates without a time are meant. */
type Read = (cell: string, zone: string) => ReturnType<Reader<unknown>>;

/** What a spreadsheet wrote for a number of many digits says no longer what it was. */
const fact: Read = (cell) => (isRounded(cell) ? unfit(rounded) : cell);
const yes = /^(1|true|yes|y)$/i;
const no = /^(0|false|no|n)$/i;
const yesNo = (cell: string) =>
  yes.test(cell.trim()) || (no.test(cell.trim()) ? false : unfit("is neither yes nor no: write one of them"));
const moment =
  (edge?: "start" | "end"): Read =>
  (cell, zone) =>
    readLocalMoment(zone, edge)(cell);
const whole =
  (name: NumberField): Read =>
  (cell) => {
    const value = readWhole(cell);
    const fault = isUnfit(value) ? undefined : numberFault(name, value);
    return fault === undefined ? value : unfit(fault);
  };
const list: Read = (cell) =>
  cell
    .split("|")
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** Fields of one value, each read by what reads it in an item. */
const single: Readonly<Record<string, Read>> = {
  externalId: readExternalId,
  name: readName,
  email: readEmail,
  phone: readPhone,
  locale: readLanguage,
  timeZone: readTimeZone,
  accountType: readAccountType,
  level: whole("level"),
  consecutiveActiveDays: whole("consecutiveActiveDays"),
  activeDaysLastMonth: whole("activeDaysLastMonth"),
  totalSpend: whole("totalSpend"),
  points: whole("points"),
  birthday: readDate,
  registeredAt: moment(),
  membershipEndsAt: moment("end"),
  lastActiveAt: moment(),
  control: yesNo,
};
const fields: Readonly<Record<string, Read>> = { ...single, tags: list, pushTokens: list };
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
    : { place: field, isRead: field in single, put: (item, cell) => putRead(item, field, read(cell, zone)) };
}

function tokensKind([channel = "", ...more]: readonly string[], zone: string): Kind | undefined {
  if (more.length > 0 || !pushNames.some((name) => name === channel)) return undefined;
  return {
    place: `pushTokens:${channel}`,
    isRead: false,
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
    ["boolean", yesNo],
  ]).get(type);
  const names = path.split(".");
  if (!read || more.length > 0 || !isAttributePath(path) || names.includes("__proto__")) return undefined;
  const place = ["attributes", ...names];
  const inside = names.slice(1).map((_, i) => place.slice(0, i + 2).join("."));
  return {
    place: place.join("."),
    inside,
    isRead: false,
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

function consentKind(part: "granted" | "date", rest: readonly string[], zone: string): Kind | undefined {
  const word = wordIn(rest);
  if (!word) return undefined;
  return {
    place: `${part === "granted" ? "consent" : "consentAt"}:${rest.join(":")}`,
    isRead: true,
    put(item, cell) {
      const read = part === "granted" ? yesNo(cell) : readWhen(cell, zone);
      if (isUnfit(read)) return read.unfit;
      item.consent ??= [];
      return speak(item.consent, word, typeof read === "boolean" ? { granted: read } : { date: read });
    },
  };
}

function putRead(item: Draft, field: string, read: ReturnType<Read>): string | undefined {
  if (isUnfit(read)) return read.unfit;
  item[field] = read;
  return undefined;
}

function taking(read: ReturnType<Read>, take: (value: unknown) => void): string | undefined {
  if (isUnfit(read)) return read.unfit;
  take(read);
  return undefined;
}
