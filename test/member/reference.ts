import {
  type AddressKind,
  channels,
  factsOf,
  type PushChannelName,
  pushNames,
  usualPush,
} from "../../src/channels/catalog.ts";
import { sampleBound, sampleCoefficients, samplePrime } from "../../src/member/sample-term.ts";

/** A member as the tests make it, with what the database keeps in other tables. */
export interface Person {
  seq: number;
  id: string;
  external_id: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  locale: string;
  time_zone: string | null;
  account_type: string;
  level: number;
  consecutive_active_days: number;
  active_days_last_month: number;
  total_spend: number;
  points: number;
  birthday: string | null;
  registered_at: number;
  membership_ends_at: number | null;
  last_active_at: number | null;
  attributes: Record<string, unknown>;
  control: number;
  tags: string[];
  tokens: string[];
  consent: { channel: string; topic: string; granted: boolean }[];
}

export interface World {
  asOf: number;
  timeZone: string;
  suppressed: ReadonlySet<string>;
}

// biome-ignore lint/suspicious/noExplicitAny: filters and attributes are JSON of any shape here
type Json = any;

const columns: Record<string, keyof Person> = {
  id: "id",
  externalId: "external_id",
  name: "name",
  email: "email",
  phone: "phone",
  locale: "locale",
  timeZone: "time_zone",
  accountType: "account_type",
  level: "level",
  consecutiveActiveDays: "consecutive_active_days",
  activeDaysLastMonth: "active_days_last_month",
  totalSpend: "total_spend",
  points: "points",
  birthday: "birthday",
};
const moments: Record<string, "registered_at" | "membership_ends_at" | "last_active_at"> = {
  registeredAt: "registered_at",
  membershipEndsAt: "membership_ends_at",
  lastActiveAt: "last_active_at",
};

/** The audience language said again, in plain JavaScript over one member: what the compiled SQL must agree with. */
export function matches(filter: Json, person: Person, world: World): boolean {
  const [key, argument] = Object.entries<Json>(filter)[0]!;
  if (key === "and") return argument.every((part: Json) => matches(part, person, world));
  if (key === "or") return argument.some((part: Json) => matches(part, person, world));
  if (key === "not") return !matches(argument, person, world);
  if (key === "tag") return tagged(argument, person.tags);
  if (key === "attribute") return attribute(argument, person.attributes);
  if (key === "pushToken") return argument.exists === person.tokens.length > 0;
  if (key === "control") return argument === (person.control === 1);
  if (key === "consented") return consented(argument, person);
  if (key === "reachable") return reachable(argument, person, world);
  if (key === "sample") return sampled(argument, person.seq);
  if (moments[key]) return momentHolds(argument, person[moments[key]], world);
  if (key === "birthday" && !birthdayHolds(argument, person.birthday, world)) return false;
  return holds(argument, person[columns[key]!] as string | number | null);
}

function holds(asked: Json, value: string | number | null): boolean {
  return Object.entries<Json>(asked).every(([operator, bound]) => {
    if (operator === "exists") return (value !== null) === bound;
    if (operator === "ne") return value !== bound;
    if (value === null) return false;
    switch (operator) {
      case "eq":
        return value === bound;
      case "in":
        return bound.includes(value);
      case "between":
        return order(value, bound.from) >= 0 && order(value, bound.to) <= 0;
      case "contains":
        return String(value).includes(bound);
      case "lt":
        return order(value, bound) < 0;
      case "lte":
        return order(value, bound) <= 0;
      case "gt":
        return order(value, bound) > 0;
      case "gte":
        return order(value, bound) >= 0;
      default:
        return true;
    }
  });
}

/** SQLite compares texts by their UTF-8 bytes. */
function order(a: string | number, b: string | number): number {
  return typeof a === "string" ? Buffer.compare(Buffer.from(a), Buffer.from(String(b))) : a - Number(b);
}

function momentHolds(asked: Json, value: number | null, { asOf, timeZone }: World): boolean {
  const { inLastDays, inNextDays, today, ...rest } = asked;
  const milliseconds = Object.fromEntries(
    Object.entries(rest).map(([operator, bound]: [string, Json]) => {
      if (operator === "exists") return [operator, bound];
      if (operator === "in") return [operator, bound.map(Date.parse)];
      if (operator === "between") return [operator, { from: Date.parse(bound.from), to: Date.parse(bound.to) }];
      return [operator, Date.parse(bound)];
    }),
  );
  if (!holds(milliseconds, value)) return false;
  if ((inLastDays || inNextDays || today) && value === null) return false;
  const at = value ?? 0;
  if (inLastDays && !(at > asOf - inLastDays * 86_400_000 && at <= asOf)) return false;
  if (inNextDays && !(at > asOf && at <= asOf + inNextDays * 86_400_000)) return false;
  return !today || day(at, timeZone) === day(asOf, timeZone);
}

function day(at: number, timeZone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone }).format(at);
}

function birthdayHolds(asked: Json, birthday: string | null, { asOf, timeZone }: World): boolean {
  const today = day(asOf, timeZone);
  const keptOn = (date: string) => {
    const leap = new Date(`${date.slice(0, 4)}-02-29T00:00:00Z`).getUTCDate() === 29;
    const kept = birthday?.slice(5) === "02-29" && !leap ? "02-28" : birthday?.slice(5);
    return kept === date.slice(5);
  };
  const later = (days: number) =>
    new Date(Date.parse(`${today}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
  if (asked.today && !keptOn(today)) return false;
  if (asked.thisMonth && birthday?.slice(5, 7) !== today.slice(5, 7)) return false;
  return !asked.inNextDays || Array.from({ length: asked.inNextDays }, (_, i) => later(i + 1)).some(keptOn);
}

function tagged(asked: Json, tags: string[]): boolean {
  if (asked.has && !tags.includes(asked.has)) return false;
  if (asked.any && !asked.any.some((tag: string) => tags.includes(tag))) return false;
  return !asked.all || asked.all.every((tag: string) => tags.includes(tag));
}

function attribute({ path, ...asked }: Json, attributes: Json): boolean {
  let value: Json = attributes;
  for (const name of path.split(".")) {
    const inside = typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
    value = inside ? value[name] : null;
  }
  return Object.entries<Json>(asked).every(([operator, bound]) => {
    if (operator === "exists") return (value !== null) === bound;
    if (operator === "ne") return value !== bound;
    if (operator === "eq") return value === bound;
    if (operator === "in") return bound.includes(value);
    if (operator === "contains")
      return Array.isArray(value)
        ? value.includes(bound)
        : typeof value === "string" && typeof bound === "string" && value.includes(bound);
    if (operator === "between") return typeof value === typeof bound.from && holds({ between: bound }, value);
    return typeof value === typeof bound && holds({ [operator]: bound }, value);
  });
}

function consented({ channel, topic = "*" }: Json, { consent }: Person): boolean {
  const word = (about: string) => consent.find((row) => row.channel === channel && row.topic === about)?.granted;
  const fallback = channels[channel as keyof typeof channels].consent === "opt-out";
  return word(topic) ?? word("*") ?? fallback;
}

/** Which push channel's provider gave out a token, a UUID. */
export function tokenChannel(token: string): PushChannelName {
  return pushNames[Number.parseInt(token.slice(0, 4), 16) % pushNames.length] ?? usualPush;
}

function reachable(argument: Json, person: Person, { suppressed }: World): boolean {
  const { channel } = argument;
  if (!consented(argument, person)) return false;
  const free = (address: string) => !suppressed.has(`${channel} ${address}`);
  const addresses = {
    email: [person.email ?? []].flat(),
    phone: [person.phone ?? []].flat(),
    push: person.tokens.filter((token) => tokenChannel(token) === channel),
    none: ["anywhere"],
  } satisfies Record<AddressKind, readonly string[]>;
  return addresses[factsOf(channel).address].some(free);
}

function sampled({ percent, seed }: Json, seq: number): boolean {
  const prime = BigInt(samplePrime);
  const x = BigInt(seq) % prime;
  const draw = sampleCoefficients(seed).reduce((sum, coefficient) => (sum * x + BigInt(coefficient)) % prime, 0n);
  return draw < BigInt(sampleBound(percent));
}
