import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { plainMessage } from "../../../src/campaign/content/plain-message.ts";
import { readerBudget } from "../../../src/campaign/content/render-budget.ts";
import { renderParts, templatesOf } from "../../../src/campaign/content/rendition.ts";
import { commonVariables, exampleScope } from "../../../src/campaign/content/variables.ts";
import { campaignSettings } from "../../../src/campaign/settings.ts";
import { type ChannelName, channelNames, factsOf } from "../../../src/channels/catalog.ts";
import { counted } from "../../support/length.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";

afterAll(closeLedgers);

const some = (words: string) => fc.constantFrom(...words.split("|"));
const outputs = some("{{ member.name }}|{{member.level}}|{{ campaign.name }}|{{  shop.name }}|{{ member.email }}");
const calm = some("Hi|, |  | ! |\u00a0|\ufeff|💶|<b>|&|{ }|https://x.test/");
const odd = some(
  "\n|\t|\r\n |\u0007|\u0085|\u2028|\ud800|{{|{{ coupon.name }}|{{ member.attributes }}|{{ member.lacks }}",
);
const long = fc.constantFrom("x".repeat(499), "y".repeat(2_100));
const word = fc.oneof({ weight: 8, arbitrary: calm }, { weight: 8, arbitrary: outputs }, odd, {
  weight: 1,
  arbitrary: long,
});
const text = fc.array(word, { maxLength: 4 }).map((all) => all.join(""));
const link = fc.oneof(
  { weight: 4, arbitrary: text.map((said) => `https://shop.test/?of=${said}`) },
  fc.constantFrom("{{ member.name }}", " myshop://x", "javascript:1", ""),
  text,
);
const parts = fc.record(
  { title: text, subject: text, body: text, html: text, text, url: link },
  { requiredKeys: ["title", "body"] },
);
const channels = fc.constantFrom<ChannelName>(...Array(9).fill("IN_APP"), "POPUP", ...channelNames);
const value = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<unknown>("", "Kim\n", "a\u2028b", "\u0000", null, true) },
  { weight: 4, arbitrary: fc.constantFrom<unknown>(" ", "Kim", "javascript:", "myshop:a", "https://y.test", 0, -1.5) },
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 8 }) },
);
const values = fc.record({ name: value, level: value, email: value, shop: fc.string(), campaign: fc.string() });

test("a message put together says what the engine, the cleaning and the checks make of it, or nothing", async () => {
  const { ctx: usual } = await openLedger();
  const slices = { ...usual.settings.slices, campaign: { ...campaignSettings.of(usual), appLinkSchemes: ["myshop"] } };
  const ctx = { ...usual, settings: { ...usual.settings, slices } };
  const usualScope = exampleScope(commonVariables);
  let made = 0;
  const property = fc.asyncProperty(channels, parts, values, async (channel, all, { shop, campaign, ...own }) => {
    const known = factsOf(channel).parts;
    const said = Object.fromEntries(Object.entries(all).filter(([part]) => Object.hasOwn(known, part)));
    const member = { ...usualScope.member, ...own };
    const scope = { ...usualScope, member, shop: { name: shop }, campaign: { name: campaign } };
    const here = plainMessage(ctx, channel, compiled(channel, said))?.(scope);
    if (!here) return;
    made++;
    const by = { channel, scope, budget: readerBudget(), to: { locale: "en", phone: null, transactional: false } };
    // What begins with something of the engine's is the engine's.
    const theirs = Object.fromEntries(
      Object.entries(said).map(([part, source]) => [part, `{% if true %}{% endif %}${source}`]),
    );
    const { parts: there, faults } = await renderParts(ctx, compiled(channel, theirs), by);
    expect({ here, faults: faults.length }).toEqual({ here: there, faults: 0 });
  });
  await fc.assert(property, { numRuns: counted(300, 50_000) });
  expect(made).toBeGreaterThan(40);
});

function compiled(channel: ChannelName, said: Readonly<Record<string, string>>) {
  return templatesOf({ [channel]: { default: said } }, channel)("en");
}

test("what may not be opened, is too long, empty or of another's words is left to the engine", async () => {
  const { ctx } = await openLedger();
  const scope = exampleScope(commonVariables);
  const isPlain = (channel: ChannelName, said: Readonly<Record<string, string>>, name = "Kim") =>
    plainMessage(ctx, channel, compiled(channel, said))?.({ ...scope, member: { ...scope.member, name } }) !==
    undefined;
  const good = { title: "Hi {{ member.name }}", body: "b", url: "https://shop.test/{{ member.name }}" };
  expect(isPlain("IN_APP", good)).toBe(true);
  for (const [part, faulty] of [
    ["url", "javascript:alert('{{ member.name }}')"],
    ["url", "{{ member.name }}"],
    ["title", "{{ coupon.name }}"],
    ["body", " "],
    ["title", "x".repeat(501)],
    ["sound", "{{ member.name }}"],
  ] as const)
    expect(isPlain("IN_APP", { ...good, [part]: faulty })).toBe(false);
  expect(isPlain("IN_APP", good, "Kim\u0000")).toBe(false);
  expect(isPlain("IN_APP", { title: "Hi" })).toBe(false);
  expect(isPlain("PUSH", good)).toBe(false);
  expect(isPlain("SMS", { text: "Hi" })).toBe(false);
});
