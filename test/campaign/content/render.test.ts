import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { envelopeFor, type Recipient, recipientColumns } from "../../../src/campaign/content/render.ts";
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

async function envelope(channel: ExternalChannelName): Promise<Envelope> {
  const recipient = await db.first<Recipient>(sql`SELECT ${recipientColumns(channel)} FROM member m WHERE m.seq = 1`);
  if (!recipient) throw new Error("there is no such member");
  const parts = Object.fromEntries(Object.keys(factsOf(channel).parts).map((name) => [name, text]));
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
      else expect(parts[name]).toBe(text);
    }
  });

  test(`has ${facts.unsubscribe ? "a" : "no"} link that unsubscribes`, async () => {
    const { parts, unsubscribeUrl } = await envelope(channel);
    if (!facts.unsubscribe) expect(unsubscribeUrl).toBeUndefined();
    else expect(unsubscribeUrl).toMatch(/\/u\/[\w-]+\.[\w-]+$/);
    for (const [name, { html }] of Object.entries(facts.parts))
      if (html && unsubscribeUrl) expect(parts[name]).toEndWith(`href="${unsubscribeUrl}">Unsubscribe</a></p>`);
  });
});
