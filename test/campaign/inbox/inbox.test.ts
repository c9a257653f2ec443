import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { listInbox } from "../../../src/campaign/inbox/inbox.ts";
import { runsToLookAt } from "../../../src/campaign/inbox/inbox-runs.ts";
import type { Context } from "../../../src/context.ts";
import { remembered } from "../../../src/memory.ts";
import { askAs, dataOf, memberEnv, memberToken } from "../../support/ask.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ env: memberEnv });
  await shop.members(5, { attributes: "json_object('n', i)" });
});
afterAll(closeShops);

/** Sends to the members of these numbers and answers the run. */
async function sendTo(numbers: readonly number[], content?: object): Promise<number> {
  const filter = { or: numbers.map((n) => ({ attribute: { path: "n", eq: n } })) };
  const run = await shop.launched({
    channels: ["IN_APP"],
    audience: { filter },
    ...(content ? { content: { IN_APP: content as never } } : {}),
  });
  await shop.becomes(run, "COMPLETED");
  return run;
}

const idOf = (run: number) => Buffer.from(`InboxMessage:${run}`).toString("base64");
const inbox = async (n: number, args = "") =>
  dataOf(
    await askAs(shop, n, `{ myInbox${args} { nodes { id title body readAt } pageInfo { endCursor hasNextPage } } }`),
  ).myInbox;
const unread = async (n: number) => dataOf(await askAs(shop, n, "{ unreadCount }")).unreadCount;
const titles = async (n: number) => (await inbox(n)).nodes.map(({ title }: { title: string }) => title);
const mark = (n: number, verb: string, run: number) =>
  askAs(shop, n, `mutation ($id: ID!) { ${verb}(input: { messageId: $id }) { __typename } }`, { id: idOf(run) });

test("I15 a member reads, marks and deletes what is in the own inbox, and nothing that is another's", async () => {
  const mine = await sendTo([1]);
  expect(await titles(1)).toEqual(["Hi x1"]);
  expect(await titles(2)).toEqual([]);
  const node = await askAs(shop, 2, "query ($id: ID!) { node(id: $id) { id } }", { id: idOf(mine) });
  expect(dataOf(node).node).toBeNull();
  expect(dataOf(await mark(2, "markRead", mine)).markRead.__typename).toBe("NotFound");
  expect(dataOf(await mark(2, "deleteInboxMessage", mine)).deleteInboxMessage.__typename).toBe("NotFound");
  expect(await unread(1)).toBe(1);

  expect(dataOf(await mark(1, "markRead", mine)).markRead.__typename).toBe("InboxMessage");
  expect(await unread(1)).toBe(0);
  expect(dataOf(await mark(1, "deleteInboxMessage", mine)).deleteInboxMessage.__typename).toBe("InboxState");
  expect(await titles(1)).toEqual([]);
  expect(dataOf(await mark(1, "deleteInboxMessage", mine)).deleteInboxMessage.__typename).toBe("NotFound");
});

test("the inbox comes page by page, the newest first, and is marked read up to what was on the screen", async () => {
  const runs: number[] = [];
  for (const title of ["one", "two", "three"]) runs.push(await sendTo([3], { default: { title, body: "b" } }));
  const first = await inbox(3, "(first: 2)");
  expect(first.nodes.map(({ title }: { title: string }) => title)).toEqual(["three", "two"]);
  const rest = await inbox(3, `(first: 2, after: "${first.pageInfo.endCursor}")`);
  expect(rest).toMatchObject({ nodes: [{ title: "one" }], pageInfo: { hasNextPage: false } });

  const marked = await askAs(
    shop,
    3,
    "mutation ($id: ID) { markAllRead(input: { upToId: $id }) { ... on InboxState { changed unread } } }",
    {
      id: idOf(runs[1] ?? 0),
    },
  );
  expect(dataOf(marked).markAllRead).toEqual({ changed: 2, unread: 1 });
  expect(
    dataOf(await askAs(shop, 3, "mutation { markAllRead(input: {}) { ... on InboxState { changed unread } } }"))
      .markAllRead,
  ).toEqual({
    changed: 1,
    unread: 0,
  });
});

test("a message is in the reader's language; one that cannot be made shows neither source nor nothing", async () => {
  const content = {
    default: { title: "Hello", body: "{{ member.externalId }}" },
    zh: { title: "你好", body: "{{ member.externalId }}" },
  };
  await shop.ctx.db.write([sql`UPDATE member SET locale = 'zh-CN' WHERE seq = 4`]);
  await sendTo([4, 5], content);
  expect([await titles(4), await titles(5)]).toEqual([["你好"], ["Hello"]]);

  const broken = await sendTo([4, 5], content);
  const faulty = (part: object) => JSON.stringify({ IN_APP: { ...content, ...part } });
  const bad = { title: "{{ member.nothing }}", body: "x" };
  await shop.ctx.db.write([sql`UPDATE run SET content = ${faulty({ zh: bad })} WHERE id = ${broken}`]);
  expect((await inbox(4)).nodes[0]).toMatchObject({ title: "Hello", body: "x4" });

  const hopeless = await sendTo([4, 5], content);
  await shop.ctx.db.write([sql`UPDATE run SET content = ${faulty({ zh: bad, default: bad })} WHERE id = ${hopeless}`]);
  expect((await inbox(4)).nodes[0]).toMatchObject({ title: "Fanfare", body: "此消息暂时无法显示。" });
  expect((await inbox(5)).nodes[0]).toMatchObject({
    title: "Fanfare",
    body: "This message cannot be shown at the moment.",
  });
});

test("a link that the app must not open is left out, and the message is shown without it", async () => {
  const content = { default: { title: "Go", body: "b", url: "{{ member.attributes.link }}" } };
  await sendTo([4, 5], content);
  await shop.ctx.db.write([
    sql`UPDATE member SET attributes = json_set(attributes, '$.link', 'javascript:alert(1)') WHERE seq = 4`,
    sql`UPDATE member SET attributes = json_set(attributes, '$.link', 'https://shop.test/') WHERE seq = 5`,
  ]);
  const newest = async (n: number) =>
    dataOf(await askAs(shop, n, "{ myInbox(first: 1) { nodes { title url } } }")).myInbox.nodes;
  expect([await newest(4), await newest(5)]).toEqual([
    [{ title: "Go", url: null }],
    [{ title: "Go", url: "https://shop.test/" }],
  ]);
});

test("who watches the inbox is told how it stands, then what arrives and what is read, and nobody else's", async () => {
  const leave = new AbortController();
  const response = await fetch(`${shop.app.url}/app`, {
    method: "POST",
    signal: leave.signal,
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${await memberToken(2)}`,
    },
    body: JSON.stringify({ query: "subscription { inboxChanged { unread arrived { title } } }" }),
  });
  let events = "";
  void (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) events += decoder.decode(chunk);
    } catch {
      events += "[left]";
    }
  })();
  await until(() => events.includes('{"inboxChanged":{"unread":0,"arrived":[]}}'));
  await sendTo([1], { default: { title: "not for two", body: "b" } });
  const run = await sendTo([2], { default: { title: "for two", body: "b" } });
  await until(
    () => events.includes('{"inboxChanged":{"unread":1,"arrived":[{"title":"for two"}]}}'),
    undefined,
    "the news",
  );
  await mark(2, "markRead", run);
  await until(
    () => events.split('{"inboxChanged":{"unread":0,"arrived":[]}}').length === 3,
    undefined,
    "the second news",
  );
  leave.abort();
  expect(events).not.toContain("not for two");
});

test("runs are looked at while they write, when they end, and when they came and went between two polls", () => {
  const before = {
    open: new Map([
      [1, true],
      [2, true],
      [3, false],
      [4, false],
    ]),
    top: 4,
  };
  const now = {
    open: new Map([
      [1, true],
      [3, false],
      [6, true],
      [7, false],
    ]),
    top: 8,
  };
  expect(runsToLookAt(before, now).sort()).toEqual([1, 2, 4, 5, 6, 8]);
});

test("a page of messages is one statement, whoever asked before; a member who changed is told so at once", async () => {
  const of = "{{ member.name }} {{ member.attributes.n }}{% if member.level > 2 %} gold{% endif %}";
  for (let n = 0; n < 3; n++) await sendTo([2], { default: { title: of, body: `b${n}` } });
  let reads = 0;
  const { db } = shop.ctx;
  const count = <T>(read: T) => {
    reads++;
    return read;
  };
  const as = (seq: number): Context => ({
    ...shop.ctx,
    db: { ...db, all: (query) => count(db.all(query)), first: (query) => count(db.first(query)) },
    actor: { kind: "member", seq, id: `m_${seq}` },
  });
  const read = async () => (await listInbox(as(2), { limit: 3 })).map(({ title }) => title);
  expect(await read()).toEqual(["2", "2", "2"]);
  reads = 0;
  expect(await read()).toEqual(["2", "2", "2"]);
  expect(reads).toBe(1);
  await db.write([sql`UPDATE member SET name = 'Kim', level = 3 WHERE seq = 2`]);
  expect(await read()).toEqual(["Kim 2 gold", "Kim 2 gold", "Kim 2 gold"]);
  await db.write([sql`UPDATE member SET attributes = '{"n":5}', level = 0 WHERE seq = 2`]);
  expect(await read()).toEqual(["Kim 5", "Kim 5", "Kim 5"]);
  expect(remembered(shop.ctx).find(({ name }) => name === "campaign.inboxTexts")?.size).toBeGreaterThan(5);
});

test("a text that says what time it is says it anew, and each reads own words in own language", async () => {
  const content = { default: { title: "{{ 'now' | date: '%s' }}", body: "Hi {{ member.externalId }}" } };
  await sendTo([1, 3], content);
  const first = (await inbox(1)).nodes[0];
  shop.pass(5_000);
  const later = (await inbox(1)).nodes[0];
  expect(Number(later.title) - Number(first.title)).toBeGreaterThanOrEqual(5);
  expect([later.body, (await inbox(3)).nodes[0].body]).toEqual(["Hi x1", "Hi x3"]);
});
