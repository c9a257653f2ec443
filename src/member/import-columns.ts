import { channelNames } from "../channels/catalog.ts";
import { type Issue, refuse } from "../errors.ts";
import { isAttributePath } from "./attribute-term.ts";

/** One column of a file: where its cells go in an item, and how a cell is read. */
export interface Column {
  /** From 1, as a spreadsheet counts. */
  readonly number: number;
  /** The place in the item, as an issue of the item's check names it. */
  readonly place: string;
  /** Puts the value of a cell, which is not empty, into the item; answers what is wrong with the cell. */
  put(item: Draft, cell: string): string | undefined;
}

/** An item in the making. */
export type Draft = Record<string, unknown> & { [words]?: ReadonlyMap<string, WordInFile> };

/** Where a draft keeps its words of consent while their columns are read; the check of an item does not see it. */
const words: unique symbol = Symbol("words of consent");

/**
 * Reads a header. `names` maps headings to fields where they differ, and to `-` what is not to be imported. Refuses,
 * with `row:column`, headings that mean nothing, those that are there twice, names for headings that are not there, and
 * a header without `externalId`.
 */
export function columnsOf(header: readonly string[], names: Readonly<Record<string, string>> = {}) {
  const issues: Issue[] = [];
  const taken = new Map<string, number>();
  const columns = header.flatMap((heading, i) => {
    const name = Object.hasOwn(names, heading) ? (names[heading] ?? "") : heading;
    if (name === "-") return [];
    const fault = (message: string) =>
      issues.push({ path: `1:${i + 1}`, message: `${JSON.stringify(heading)} ${message}` });
    const kind = kindOf(name.trim());
    const before = kind && taken.get(kind.place);
    if (!kind) fault(`is not a field; known are ${knownFields}`);
    else if (before) fault(`is also column ${before}`);
    if (kind) taken.set(kind.place, i + 1);
    return kind ? [{ number: i + 1, ...kind }] : [];
  });
  for (const heading of Object.keys(names)) {
    if (!header.includes(heading)) issues.push({ path: "1:1", message: `no column is headed "${heading}"` });
  }
  if (!taken.has("externalId")) issues.push({ path: "1:1", message: "no column is externalId" });
  return issues.length > 0 ? refuse.invalid(issues) : columns;
}

type Kind = Omit<Column, "number">;
type Read = (cell: string) => { readonly value: unknown } | string;

const text: Read = (cell) => ({ value: cell });
const whole: Read = (cell) => (/^[+-]?\d{1,15}$/.test(cell.trim()) ? { value: Number(cell) } : "is not a whole number");
const decimal: Read = (cell) =>
  cell.trim() !== "" && Number.isFinite(Number(cell)) ? { value: Number(cell) } : "is not a number";
const yes = /^(1|true|yes|y)$/i;
const no = /^(0|false|no|n)$/i;
const yesNo: Read = (cell) =>
  yes.test(cell.trim()) ? { value: true } : no.test(cell.trim()) ? { value: false } : "is neither yes nor no";
const moment: Read = (cell) => ({ value: /^\d{4}-\d{2}-\d{2}$/.test(cell) ? `${cell}T00:00:00Z` : cell });
const list: Read = (cell) => ({
  value: cell
    .split("|")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
});

const fields: Readonly<Record<string, Read>> = {
  externalId: text,
  email: text,
  phone: text,
  locale: text,
  timeZone: text,
  accountType: text,
  level: whole,
  consecutiveActiveDays: whole,
  activeDaysLastMonth: whole,
  totalSpend: whole,
  points: whole,
  birthday: text,
  registeredAt: moment,
  membershipEndsAt: moment,
  lastActiveAt: moment,
  control: yesNo,
  tags: list,
  pushTokens: list,
};
const prefixed =
  "attribute:PATH, attribute:PATH:number, attribute:PATH:boolean, consent:CHANNEL, consent:CHANNEL:TOPIC, " +
  "consentAt:CHANNEL and consentAt:CHANNEL:TOPIC";
export const knownFields = `${Object.keys(fields).join(", ")}, ${prefixed}`;
const spellings = new Map(Object.keys(fields).map((name) => [plain(name), name]));

/** `external_id`, `External ID` and `externalId` are the same. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}

function kindOf(name: string): Kind | undefined {
  const [word = "", ...rest] = name.split(":");
  if (word === "attribute") return attributeKind(rest);
  if (word === "consent") return consentKind("granted", rest);
  if (word === "consentAt") return consentKind("date", rest);
  const field = spellings.get(plain(name));
  const read = field === undefined ? undefined : fields[field];
  return field === undefined || !read
    ? undefined
    : { place: field, put: (item, cell) => taking(read(cell), (value) => Object.assign(item, { [field]: value })) };
}

function attributeKind([path = "", type = "text", ...more]: readonly string[]): Kind | undefined {
  const read = new Map([
    ["text", text],
    ["number", decimal],
    ["boolean", yesNo],
  ]).get(type);
  const names = path.split(".");
  if (!read || more.length > 0 || !isAttributePath(path) || names.includes("__proto__")) return undefined;
  const place = ["attributes", ...names];
  return { place: place.join("."), put: (item, cell) => taking(read(cell), (value) => putAt(item, place, value)) };
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

function consentKind(part: "granted" | "date", [channel = "", ...rest]: readonly string[]): Kind | undefined {
  if (!channelNames.some((name) => name === channel)) return undefined;
  const about = { channel, ...(rest.length > 0 ? { topic: rest.join(":") } : {}) };
  const word = [channel, ...rest].join(":");
  const read = part === "granted" ? yesNo : day;
  return {
    place: `${part === "granted" ? "consent" : "consentAt"}:${word}`,
    put: (item, cell) => taking(read(cell), (value) => speak(item, word, { about, [part]: value })),
  };
}

/** Whichever of its columns comes first; a date alone says nothing. */
function speak(item: Draft, word: string, part: WordInFile): void {
  const spoken = new Map(item[words]);
  item[words] = spoken.set(word, { ...spoken.get(word), ...part });
  const said = [...spoken.values()].filter(({ granted }) => granted !== undefined);
  if (said.length > 0)
    item.consent = said.map(({ about, granted, date }) => ({ ...about, granted, ...atOf(granted, date) }));
}

/** Of a day nobody knows the hour: a yes counts from its beginning, a no until its end. */
function atOf(granted: unknown, date: string | undefined): { readonly at?: unknown } {
  const read = date === undefined ? undefined : moment(date);
  if (date === undefined || typeof read !== "object") return {};
  const at = read.value;
  if (granted === true || date.includes("T") || typeof at !== "string") return { at };
  return { at: new Date(Date.parse(at) + 86_399_999).toISOString() };
}

const day: Read = (cell) => {
  const date = cell.trim();
  return /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(date) && !Number.isNaN(Date.parse(date))
    ? { value: date }
    : "is neither a date nor a time, e.g. 2026-06-01 or 2026-06-01T09:30:00Z";
};

function taking(read: ReturnType<Read>, take: (value: unknown) => void): string | undefined {
  if (typeof read === "string") return read;
  take(read.value);
  return undefined;
}
