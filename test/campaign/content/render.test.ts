import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Content } from "../../../src/campaign/content/content.ts";
import { contentIssues } from "../../../src/campaign/content/content-issues.ts";
import { envelopeFor } from "../../../src/campaign/content/envelope.ts";
import { footerOf } from "../../../src/campaign/content/footer.ts";
import { readLink } from "../../../src/campaign/content/link.ts";
import { type Recipient, recipientColumns, scopeFor } from "../../../src/campaign/content/render.ts";
import { readerBudget } from "../../../src/campaign/content/render-budget.ts";
import { renderParts, templatesOf } from "../../../src/campaign/content/rendition.ts";
import { campaignSettings } from "../../../src/campaign/settings.ts";
import { type AddressKind, type ExternalChannelName, externalNames, factsOf } from "../../../src/channels/catalog.ts";
import type { Envelope } from "../../../src/channels/channel.ts";
import { segmentsOf } from "../../../src/channels/segments.ts";
import type { RootDatabase } from "../../../src/db/client.ts";
import { openTestDatabase } from "../../support/database.ts";
import { testContext } from "../../support/graphql.ts";
import { addMembers } from "../../support/shop.ts";

let db: RootDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  await addMembers(db, 2);
  const channels = sql`json_each(${JSON.stringify(externalNames)})`;
  await db.write([
    sql`INSERT INTO push_token SELECT 'tablet-' || value, 1, 0, value FROM ${channels}
        UNION ALL SELECT 'lost-' || value, 1, 0, value FROM ${channels}
        UNION ALL SELECT 'gone-' || value, 2, 0, value FROM ${channels}`,
    sql`INSERT INTO suppression (channel, address, reason, at)
        SELECT value, 'lost-' || value, 'operator', 0 FROM ${channels}`,
  ]);
});
afterAll(async () => await db.close());

const addresses: Readonly<Record<AddressKind, (channel: ExternalChannelName) => readonly string[]>> = {
  email: () => ["u1@shop.test"],
  phone: () => ["+491510000001"],
  push: (channel) => [`tablet-${channel}`, ...(channel === "PUSH" ? ["token-1"] : [])],
  none: () => [],
};
const text = `Look: <a href="https://shop.test/sale?a=1&amp;b=2">sale</a>`;

async function recipient(channel: ExternalChannelName): Promise<Recipient> {
  const found = await db.first<Recipient>(sql`SELECT ${recipientColumns(channel)} FROM member m WHERE m.seq = 1`);
  if (!found) throw new Error("there is no such member");
  return found;
}

async function envelope(channel: ExternalChannelName, said: Record<string, string> = {}): Promise<Envelope> {
  const parts = { ...Object.fromEntries(Object.keys(factsOf(channel).parts).map((name) => [name, text])), ...said };
  return envelopeFor(testContext(db), { run: 5, channel, topic: "news" }, await recipient(channel), parts);
}

describe.each(externalNames)("an envelope of %s, by the facts of the catalogue,", (channel) => {
  const facts = factsOf(channel);

  test("goes to the member's addresses of its kind that are not suppressed, under run and member", async () => {
    const { ref, to } = await envelope(channel);
    expect([ref, [...to].sort()]).toEqual(["5:1", [...addresses[facts.address](channel)]]);
  });

  test("has its links followed in HTML, and nowhere else", async () => {
    const { parts } = await envelope(channel);
    expect(Object.keys(parts)).toEqual(Object.keys(facts.parts));
    for (const [name, { html }] of Object.entries(facts.parts)) {
      if (html) expect(parts[name]).toMatch(/^Look: <a href="[^"]+\/l\/[\w-]+\.[\w-]+">sale<\/a>/);
      else expect(parts[name]).toStartWith(text);
    }
  });

  test(`has ${facts.unsubscribe ? "a" : "no"} link that unsubscribes`, async () => {
    const { parts, unsubscribeUrl } = await envelope(channel);
    if (!facts.unsubscribe) expect(unsubscribeUrl).toBeUndefined();
    else expect(unsubscribeUrl).toMatch(/\/u\/[\w-]+\.[\w-]+$/);
    for (const [name, { html, footer }] of Object.entries(facts.parts)) {
      if (!footer || !unsubscribeUrl) expect(parts[name]).not.toContain("Unsubscribe");
      else if (html) expect(parts[name]).toEndWith(`href="${unsubscribeUrl}">Unsubscribe</a></p>`);
      else expect(parts[name]).toBe(`${text}\n\nUnsubscribe: ${unsubscribeUrl}\n`);
    }
  });
});

describe("an e-mail's links", () => {
  const ours = (address: string) => readLink(testContext(db), address.split("/l/")[1] ?? "");
  const hrefs = async (html: string) => {
    const { parts } = await envelope("EMAIL", { html });
    return [...(parts.html ?? "").matchAll(/href="([^"]*)"/g)].map(([, address = ""]) => address).slice(0, -1);
  };

  test.each([
    ["an apostrophe as a reference", `<a href="https://x.test/?name=O&#39;Brien">`, "https://x.test/?name=O%27Brien"],
    [
      "references by name, with and without an end",
      `<a href="https://x.test/?a=1&amp;b=2&ampc=3">`,
      "https://x.test/?a=1&b=2&ampc=3",
    ],
    ["apostrophes around it", `<A HREF = 'https://x.test/a"b'>`, "https://x.test/a%22b"],
    ["nothing around it", `<a class=b href=https://x.test/a'b>`, "https://x.test/a'b"],
    ["blanks at its ends", `<a href=" https://x.test/a ">`, "https://x.test/a"],
    ["a > in an attribute before it", `<a title="1 > 0" href="https://x.test/">`, "https://x.test/"],
    ["lines within the tag", `<a\n  target=_blank\n  href="https://x.test/"\n>`, "https://x.test/"],
    ["a map", `<area href="https://x.test/map">`, "https://x.test/map"],
    ["the first of two", `<a href="https://x.test/1" href="https://x.test/2">`, "https://x.test/1"],
  ])("are followed with %s", async (_name, html, target) => {
    const [link = ""] = await hrefs(`<p>${html}go</a></p>`);
    expect(ours(link)).toMatchObject({ to: "url", url: target });
  });

  test("stay as they are where they are no links to the web, or none at all", async () => {
    const html = `<!-- <a href="https://x.test/"> --><style>a[href="https://x.test/"]{}</style>
      <a data-href="https://x.test/" href="mailto:a@x.test">m</a><a href="#top">t</a>
      <link href="https://x.test/c.css">`;
    expect((await envelope("EMAIL", { html })).parts.html).toStartWith(html);
  });

  test("run no program", async () => {
    const links = await hrefs(
      `<a href="java&#9;script:alert(1)">a</a><a href=" JavaScript:1">b</a><a href="data:,x">c</a>`,
    );
    expect(links).toEqual(["#", "#", "#"]);
  });
});

describe("the way out of an e-mail", () => {
  const page = (body: string) => `<html><body>${body}</body></html>`;

  test("stands within the body, in both parts", async () => {
    const { parts, unsubscribeUrl } = await envelope("EMAIL", { html: page("<p>Hi</p>"), text: "Hi\n" });
    const footer = `<p><a data-unsubscribe href="${unsubscribeUrl}">Unsubscribe</a></p>`;
    expect(parts.html).toBe(page(`<p>Hi</p>${footer}`));
    expect(parts.text).toBe(`Hi\n\nUnsubscribe: ${unsubscribeUrl}\n`);
  });

  test("is where the author placed it, once, and not counted as a click", async () => {
    const written = (await envelope("EMAIL")).unsubscribeUrl ?? "";
    const html = page(`<a href="${written}">Stop</a>`);
    const { parts } = await envelope("EMAIL", { html, text: `Stop: ${written}` });
    expect(parts).toMatchObject({ html, text: `Stop: ${written}` });
  });

  test.each([
    ["zh-CN", "Sale", "退订："],
    ["zh-Hant-TW", "Sale", "退訂："],
    ["en", "全场八折", "退订："],
    ["ja", "本日のセール", "Unsubscribe: "],
    ["en", "Sale", "Unsubscribe: "],
  ])("is said to a reader of %s of the mail %p as %s", (locale, said, word) => {
    expect(footerOf("https://x.test/u/1", { locale, said }).text).toBe(`\n\n${word}https://x.test/u/1\n`);
  });
});

describe("content is checked as its providers would see it:", () => {
  test("a missing channel, a missing, unknown or too long part is a fault with its place", async () => {
    const faulty: Content = {
      SMS: { default: { text: "x".repeat(1_601) } },
      PUSH: { default: { title: "a", sound: "b" } },
    };
    const paths = (await contentIssues(testContext(db), faulty, ["SMS", "EMAIL"])).map(({ path }) => path);
    expect(paths).toEqual([
      "content.EMAIL.default",
      "content.SMS.default.text",
      "content.PUSH.default.body",
      "content.PUSH.default.sound",
    ]);
  });

  test.each<[string, Content, string, RegExp]>([
    ["an SMS too long", { SMS: { default: { text: long(1_700) } } }, "SMS.default.text", /1700 characters long; 1600/],
    [
      "a subject too long",
      { EMAIL: { default: { subject: long(999), html: "x" } } },
      "EMAIL.default.subject",
      /; 998 are/,
    ],
    [
      "a push too long",
      { PUSH: { default: { title: "x", body: long(1_400, "你") } } },
      "PUSH.default.body",
      /4096 are/,
    ],
    [
      "an endless part",
      { IN_APP: { default: { title: "x", body: `\n${long(3_000, "x".repeat(10))}` } } },
      "IN_APP.default.body:2:25",
      /20000/,
    ],
    [
      "a heavy part",
      { SMS: { default: { text: `a{% for i in (1..99999) %}{% endfor %}` } } },
      "SMS.default.text:1:2",
      /cost/,
    ],
    [
      "a program",
      { POPUP: { default: { title: "x", body: "y", url: "javascript:alert(1)" } } },
      "POPUP.default.url",
      /http:/,
    ],
    [
      "a link made",
      { PUSH: { default: { title: "x", body: "y", url: "java{{ 'script' }}:x" } } },
      "PUSH.default.url",
      /https:/,
    ],
    ["no link", { IN_APP: { default: { title: "x", body: "y", url: "/sale" } } }, "IN_APP.default.url", /no link/],
    ["no way out", { SMS: { default: { text: "{{ unsubscribeUrl }}" } } }, "SMS.default.text:1:4", /unknown variable/],
  ])("%s is a fault with its place before anything is sent", async (_name, content, path, message) => {
    const issues = await contentIssues(testContext(db), content, []);
    expect(issues).toEqual([{ path: `content.${path}`, message: expect.stringMatching(message) }]);
  });

  test("what depends on the member is none, nor is a link of the app's own scheme", async () => {
    const ctx = testContext(db);
    const own = { campaign: { ...campaignSettings.of(ctx), appLinkSchemes: ["myshop"] } };
    const settings = { ...ctx.settings, slices: { ...ctx.settings.slices, ...own } };
    const url = (text: string) => ({ default: { title: "{{ member.attributes.title }}", body: "y", url: text } });
    const content = {
      IN_APP: url("myshop://sale"),
      POPUP: url("{{ member.attributes.link }}"),
      PUSH: url("https://x.test"),
    };
    expect(await contentIssues({ ...ctx, settings }, content, [])).toEqual([]);
  });
});

function long(n: number, sign = "x"): string {
  return `{% for i in (1..${n}) %}${sign}{% endfor %}`;
}

test("a name with line breaks stays in one line of subjects and titles, and loses what controls", async () => {
  const member = { ...(await recipient("EMAIL")), external_id: "Kim\r\nBcc: all@shop.test\u0000\u2028!" };
  const say = async (channel: "EMAIL" | "IN_APP" | "PUSH", parts: Record<string, string>) => {
    const ctx = testContext(db);
    const scope = scopeFor(ctx, member, { name: "Sale", offer: {}, of: { run: 5, channel, topic: "news" } });
    const templates = templatesOf({ [channel]: { default: parts } }, channel)("en");
    return renderParts(ctx, templates, {
      channel,
      scope,
      budget: readerBudget(),
      to: { ...member, transactional: false },
    });
  };
  const name = "{{ member.externalId }}";
  const one = "Kim Bcc: all@shop.test !";
  expect(await say("EMAIL", { subject: `Hello ${name}`, html: "x" })).toMatchObject({
    parts: { subject: `Hello ${one}` },
  });
  for (const channel of ["IN_APP", "PUSH"] as const) {
    const { parts, faults } = await say(channel, { title: name, body: name });
    expect({ parts, faults }).toEqual({ parts: { title: one, body: "Kim\r\nBcc: all@shop.test\u2028!" }, faults: [] });
  }
  expect((await say("EMAIL", { subject: "{% if false %}x{% endif %}", html: "x" })).faults).toMatchObject([
    { part: "subject", reason: "UNSENDABLE", isOfValues: true },
  ]);
});

describe("a text message to readers of Chinese", () => {
  const say = async (locale: string, phone: string | null, length = 3) => {
    const ctx = testContext(db);
    const member = { ...(await recipient("SMS")), locale, phone };
    const scope = scopeFor(ctx, member, { name: "Sale", offer: {}, of: { run: 5, channel: "SMS", topic: "news" } });
    const templates = templatesOf({ SMS: { default: { text: "好".repeat(length) } } }, "SMS")(locale);
    const to = { ...member, transactional: false };
    return renderParts(ctx, templates, { channel: "SMS", scope, budget: readerBudget(), to });
  };

  test.each([
    ["zh-CN", null, "【Test shop】好好好 回T退订"],
    ["zh", "+6591234567", "【Test shop】好好好 回T退订"],
    ["zh-TW", "+886912345678", "好好好"],
    ["zh-Hant", "+8613800138000", "【Test shop】好好好 回T退订"],
  ])("of %s at %s is signed with the shop's name where that is custom", async (locale, phone, text) => {
    expect(await say(locale, phone)).toEqual({ parts: { text }, faults: [] });
  });

  test("is paid for as it leaves: the signature and the way out are counted", async () => {
    const segments = async (length: number) => segmentsOf((await say("zh-CN", null, length)).parts.text ?? "");
    expect([await segments(54), await segments(55)]).toEqual([
      { encoding: "UCS-2", segments: 1 },
      { encoding: "UCS-2", segments: 2 },
    ]);
  });

  test("is as long as it leaves: what its signature makes too long is found when it is saved", async () => {
    expect((await say("zh-CN", null, 1_590)).faults).toMatchObject([{ reason: "UNSENDABLE" }]);
    expect((await say("zh-TW", null, 1_590)).faults).toEqual([]);
    const issues = await contentIssues(testContext(db), { SMS: { zh: { text: "好".repeat(1_590) } } }, []);
    expect(issues).toEqual([{ path: "content.SMS.zh.text", message: expect.stringMatching(/1606 characters.*1600/) }]);
  });
});

test.each([
  ["", "GSM-7", 0],
  ["x".repeat(160), "GSM-7", 1],
  ["x".repeat(161), "GSM-7", 2],
  [`${"x".repeat(152)}€${"x".repeat(152)}`, "GSM-7", 3],
  ["€".repeat(80), "GSM-7", 1],
  ["你".repeat(70), "UCS-2", 1],
  ["你".repeat(71), "UCS-2", 2],
  [`${"x".repeat(66)}🎁${"x".repeat(66)}`, "UCS-2", 3],
] as const)("a text like %p goes out as %s in %p segments", (text, encoding, segments) =>
  expect(segmentsOf(text)).toEqual({ encoding, segments }),
);
