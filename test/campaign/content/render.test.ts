import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Content } from "../../../src/campaign/content/content.ts";
import { contentIssues } from "../../../src/campaign/content/content-issues.ts";
import { envelopeFor } from "../../../src/campaign/content/envelope.ts";
import { footerOf } from "../../../src/campaign/content/footer.ts";
import { readLink } from "../../../src/campaign/content/link.ts";
import { type Recipient, recipientColumns } from "../../../src/campaign/content/render.ts";
import { type AddressKind, type ExternalChannelName, externalNames, factsOf } from "../../../src/channels/catalog.ts";
import type { Envelope } from "../../../src/channels/channel.ts";
import type { RootDatabase } from "../../../src/db/client.ts";
import { openTestDatabase } from "../../support/database.ts";
import { testContext } from "../../support/graphql.ts";
import { addMembers } from "../../support/shop.ts";

let db: RootDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  await addMembers(db, 2);
  await db.write([
    sql`INSERT INTO push_token VALUES ('tablet', 1, 0), ('lost', 1, 0), ('gone', 2, 0)`,
    sql`
      INSERT INTO suppression (channel, address, reason, at)
      SELECT value, 'lost', 'operator', 0 FROM json_each(${JSON.stringify(externalNames)})`,
  ]);
});
afterAll(async () => await db.close());

const addresses: Readonly<Record<AddressKind, readonly string[]>> = {
  email: ["u1@shop.test"],
  phone: ["+491510000001"],
  push: ["tablet", "token-1"],
  none: [],
};
const text = `Look: <a href="https://shop.test/sale?a=1&amp;b=2">sale</a>`;

async function envelope(channel: ExternalChannelName, said: Record<string, string> = {}): Promise<Envelope> {
  const recipient = await db.first<Recipient>(sql`SELECT ${recipientColumns(channel)} FROM member m WHERE m.seq = 1`);
  if (!recipient) throw new Error("there is no such member");
  const parts = { ...Object.fromEntries(Object.keys(factsOf(channel).parts).map((name) => [name, text])), ...said };
  return envelopeFor(testContext(db), { run: 5, channel, topic: "news" }, recipient, parts);
}

describe.each(externalNames)("an envelope of %s, by the facts of the catalogue,", (channel) => {
  const facts = factsOf(channel);

  test("goes to the member's addresses of its kind that are not suppressed, under run and member", async () => {
    const { ref, to } = await envelope(channel);
    expect([ref, [...to].sort()]).toEqual(["5:1", [...addresses[facts.address]]]);
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
      <a data-href="https://x.test/" href="mailto:a@x.test">m</a><a href="#top">t</a><link href="https://x.test/c.css">`;
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
    const { parts, unsubscribeUrl } = await envelope("EMAIL", { html: page("<p>Hi</p>"), text: "Hi" });
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

  test("is read in Chinese by whoever reads Chinese", () => {
    expect(footerOf("https://x.test/u/1", "zh-Hant-TW").text).toContain("退订: https://x.test/u/1");
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
});
