import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { domains, jobs, parts } from "../../src/domains.ts";
import { filesOf, sources } from "./source.ts";

test("every message of a domain has a handler, and every handler a message of the same domain", () => {
  for (const { domain, jobs: handlers = [] } of parts) {
    const messages = (domain.messages ?? []).map(({ name }) => name);
    expect({ [domain.name]: handlers.map(({ name }) => name).toSorted() }).toEqual({
      [domain.name]: messages.toSorted(),
    });
  }
});

test("every kind of message that there is belongs to a domain, or tells consumers of events", () => {
  const defined = sources
    .filter(({ path }) => !path.startsWith("queue/"))
    .flatMap(({ text }) => [...text.matchAll(/defineMessage\(\s*"([\w-]+)"/g)].map(([, name]) => name));
  const known = [...domains.flatMap(({ messages = [] }) => messages.map(({ name }) => name)), ...jobs.byName.keys()];
  expect(defined.filter((name) => name !== undefined && !known.includes(name))).toEqual([]);
});

test("what can be published anew is read again from its payload; what cannot says so", () => {
  for (const { name, republishable, read } of domains.flatMap(({ messages = [] }) => messages)) {
    expect({ name, republishable }).toEqual({ name, republishable: expect.any(Boolean) });
    expect(Array.isArray(read("no payload"))).toBe(true);
  }
});

test("what recurs is a message of its own domain", () => {
  for (const { every = [], messages = [] } of domains) {
    for (const { message } of every) expect(messages.map(({ name }) => name)).toContain(message.name);
  }
});

test("names are told once: of domains, messages, terms, events, gauges, flows, routes and personal data", () => {
  const lists = {
    domains: domains.map(({ name }) => name),
    messages: domains.flatMap(({ messages = [] }) => messages.map(({ name }) => name)),
    terms: domains.flatMap(({ terms = [] }) => terms.map(({ name }) => name)),
    events: domains.flatMap(({ events = [] }) => events.map(({ event }) => event.type)),
    gauges: domains.flatMap(({ gauges = [] }) => gauges.map(({ name }) => name)),
    figures: domains.flatMap(({ figures }) => Object.keys({ ...figures?.counts, ...figures?.amounts })),
    flows: domains.flatMap(({ flows = {} }) => Object.keys(flows)),
    routes: domains.flatMap(({ routes = {} }) => Object.keys(routes)),
    subjects: domains.flatMap(({ subjects = {} }) => Object.keys(subjects)),
    personalData: domains.flatMap(({ personalData = [] }) => personalData.map(({ name }) => name)),
  };
  for (const [what, names] of Object.entries(lists))
    expect({ [what]: new Set(names).size }).toEqual({ [what]: names.length });
});

test("a domain's folder, room and jobs bear its name", () => {
  const folders = filesOf("src/*/domain.ts").map(({ path }) => dirname(path).slice("src/".length));
  expect(folders.toSorted()).toEqual(domains.map(({ name }) => name).toSorted());
  const rooms = filesOf("src/schema/*/index.ts").map(({ path }) => dirname(path).slice("src/schema/".length));
  expect(rooms.toSorted()).toEqual(domains.map(({ name }) => name).toSorted());
});

test("tests stand beside the rooms they test", () => {
  const folders = new Set(sources.map(({ path }) => dirname(path)));
  for (const folder of [...folders]) {
    for (let above = dirname(folder); above !== "."; above = dirname(above)) folders.add(above);
  }
  const root = join(import.meta.dir, "..");
  const there = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  const own = /^(support|sim|flow|fault|layout|fixtures|cli|queue\/conformance)(\/|$)/;
  expect(there.filter((folder) => !own.test(folder) && !folders.has(folder))).toEqual([]);
});
