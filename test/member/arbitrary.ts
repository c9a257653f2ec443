import fc from "fast-check";
import { channelNames } from "../../src/channels/catalog.ts";
import type { Person } from "./reference.ts";

/** The moment at which the random filters are asked: the evening of 28 February of a common year in Berlin. */
export const asOf = Date.parse("2026-02-28T22:30:00Z");
export const timeZone = "Europe/Berlin";
/** Facts of members are every shop's to ask for. */
export const shop = "A";

const word = fc.constantFrom("a", "b", "ab", "Ä", "ß%_", "it's", "日本", "zoë", "🎉", "?");
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const small = fc.integer({ min: -2, max: 6 });
const moment = fc.oneof(
  fc.integer({ min: -40, max: 40 }).map((days) => asOf + days * 86_400_000),
  fc.integer({ min: -90_000, max: 90_000 }).map((seconds) => asOf + seconds * 1000),
);
const lower = word.map((name) => name.toLowerCase());
const called = fc.oneof(word, fc.constantFrom("Kim", "kim", "KIM"));
const email = lower.map((name) => `${name}@shop.example`);
const phone = fc.constantFrom("+4915112345678", "+4915112345679", "+15005550006");
const date = fc.oneof(
  fc.constantFrom("2000-02-29", "1999-02-28", "1980-03-01", "2004-01-31"),
  fc
    .date({ min: new Date("1970-01-01"), max: new Date("2010-12-31"), noInvalidDate: true })
    .map((d) => d.toISOString().slice(0, 10)),
);
const channel = fc.constantFrom(...channelNames);
const topic = fc.constantFrom("*", "news", "deals");
const scalar = fc.oneof(word, small, fc.boolean(), fc.constantFrom(1.5, 0.25));
const fact = fc.oneof(
  scalar,
  fc.constant(null),
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom("x", "a b"), scalar),
);
const attributes = fc.dictionary(fc.constantFrom("x", "y", "a b", "ü"), fact, { maxKeys: 4 });

/** A random member; `seq`, `id` and `external_id` are given by the test. */
export const person: fc.Arbitrary<Omit<Person, "seq" | "id" | "external_id">> = fc.record({
  name: maybe(called),
  email: maybe(email),
  phone: maybe(phone),
  locale: fc.constantFrom("en", "de", "de-AT"),
  time_zone: maybe(fc.constantFrom("Europe/Berlin", "Asia/Tokyo")),
  account_type: fc.constantFrom("personal", "business"),
  level: small,
  consecutive_active_days: small,
  active_days_last_month: small,
  total_spend: fc.oneof(small, fc.constantFrom(2 ** 40, 2 ** 53 - 1)),
  points: small,
  birthday: maybe(date),
  registered_at: moment,
  membership_ends_at: maybe(moment),
  last_active_at: maybe(moment),
  attributes,
  control: fc.constantFrom(0, 1),
  tags: fc.uniqueArray(word, { maxLength: 4 }),
  tokens: fc.array(fc.uuid(), { maxLength: 2 }),
  consent: fc.uniqueArray(fc.record({ channel, topic, granted: fc.boolean() }), {
    maxLength: 4,
    selector: (row) => `${row.channel} ${row.topic}`,
  }),
});

/** One operator, or two, so that each decides often enough. */
const some = (shape: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .subarray(Object.keys(shape), { minLength: 1, maxLength: 2 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, shape[name]!]))));
const list = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: 1, maxLength: 3 });
const range = <T extends string | number>(value: fc.Arbitrary<T>) =>
  fc.tuple(value, value).map(([a, b]) => (a <= b ? { from: a, to: b } : { from: b, to: a }));
const equality = <T>(value: fc.Arbitrary<T>) => ({ eq: value, ne: value, in: list(value), exists: fc.boolean() });
const ordering = <T extends string | number>(value: fc.Arbitrary<T>) => ({
  ...equality(value),
  lt: value,
  lte: value,
  gt: value,
  gte: value,
  between: range(value),
});
const text = (value: fc.Arbitrary<string>, part: fc.Arbitrary<string> = word) =>
  some({ ...equality(value), contains: part });
const instant = moment.map((at) => new Date(at).toISOString());
const days = fc.integer({ min: 1, max: 40 });
const yes = fc.constant(true as const);
const time = some({ ...ordering(instant), inLastDays: days, inNextDays: days, today: yes });
const comparable = fc.oneof(word, small);
const attribute = fc
  .tuple(
    fc.constantFrom("x", "y", "a b", "ü", "x.x", "y.a b", "nowhere.at.all"),
    some({
      ...equality(scalar),
      lt: comparable,
      gte: comparable,
      between: fc.oneof(range(word), range(small)),
      contains: scalar,
    }),
  )
  .map(([path, asked]) => ({ path, ...asked }));
const channelTopic = fc.record({ channel, topic }, { requiredKeys: ["channel"] });

/** Random arguments of every term. */
export const shapes: Record<string, fc.Arbitrary<unknown>> = {
  name: text(called),
  email: text(email, lower),
  phone: text(phone, fc.constantFrom("49151", "678", "+1", "a")),
  locale: text(fc.constantFrom("en", "de", "fr")),
  timeZone: text(fc.constantFrom("Europe/Berlin", "Asia/Tokyo")),
  accountType: text(fc.constantFrom("personal", "business")),
  externalId: text(fc.constantFrom("e1", "e2", "e30")),
  id: text(fc.constantFrom("id1", "id7")),
  level: some(ordering(small)),
  consecutiveActiveDays: some(ordering(small)),
  activeDaysLastMonth: some(ordering(small)),
  totalSpend: some(ordering(fc.oneof(small, fc.constantFrom(2 ** 40, 2 ** 53 - 1)))),
  points: some(ordering(small)),
  birthday: some({ ...ordering(date), today: yes, thisMonth: yes, inNextDays: fc.integer({ min: 1, max: 365 }) }),
  registeredAt: time,
  membershipEndsAt: time,
  lastActiveAt: time,
  tag: some({ has: word, any: list(word), all: list(word) }),
  attribute,
  pushToken: fc.record({ exists: fc.boolean() }),
  consented: channelTopic,
  reachable: channelTopic,
  sample: fc.record({ percent: fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100), seed: word }),
  control: fc.boolean(),
};

const term = fc.oneof(
  ...Object.entries(shapes).map(([name, argument]) => argument.map((value) => ({ [name]: value }))),
);

/** A random filter, nested up to the language's depth. */
export const filter: fc.Arbitrary<Record<string, unknown>> = fc.letrec<{ filter: Record<string, unknown> }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 6, depthSize: "small" },
    { arbitrary: term, weight: 3 },
    { arbitrary: fc.array(tie("filter"), { minLength: 1, maxLength: 3 }).map((and) => ({ and })), weight: 1 },
    { arbitrary: fc.array(tie("filter"), { minLength: 1, maxLength: 3 }).map((or) => ({ or })), weight: 1 },
    { arbitrary: tie("filter").map((not) => ({ not })), weight: 1 },
  ),
})).filter;
