import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Content } from "../../../src/campaign/content/content.ts";
import { contentIssues } from "../../../src/campaign/content/content-issues.ts";
import { readerBudget } from "../../../src/campaign/content/render-budget.ts";
import { renderParts, templatesOf } from "../../../src/campaign/content/rendition.ts";
import type { RootDatabase } from "../../../src/db/client.ts";
import { openTestDatabase } from "../../support/database.ts";
import { testContext } from "../../support/graphql.ts";

let db: RootDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

const template = `HX${"0a".repeat(16)}`;
const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`template.${i}`, "x"]));

describe("a provider's template", () => {
  const wrong: [string, Content, string, string | RegExp][] = [
    [
      "on a channel that has none",
      { EMAIL: { de: { template } } },
      "EMAIL.de.template",
      /EMAIL has no .* have some: SMS$/,
    ],
    ["with a text beside it", { SMS: { de: { text: "Hi", template } } }, "SMS.de.text", /give one of the two/],
    ["without its name", { SMS: { de: { "template.1": "x" } } }, "SMS.de.template.1", /name that, too/],
    ["of another's naming", { SMS: { de: { template: "SALE_1" } } }, "SMS.de.template", /HX and 32 hexadecimal/],
    ["that is computed", { SMS: { de: { template: "{{ member.id }}" } } }, "SMS.de.template", /HX and 32 hexadecimal/],
    ["with a variable of no name", { SMS: { de: { template, "template.": "x" } } }, "SMS.de.template.", /called so/],
    ["with too many", { SMS: { de: { template, ...many } } }, "SMS.de.template", /more than 100 variables/],
    ["with an empty value", { SMS: { de: { template, "template.1": " " } } }, "SMS.de.template.1", /is required/],
    [
      "with an unknown variable of ours",
      { SMS: { de: { template, "template.1": "{{ coupon.worth }}" } } },
      "SMS.de.template.1:1:4",
      /unknown variable "coupon.worth"/,
    ],
    [
      "with a value that is too long",
      { SMS: { de: { template, "template.1": "{% for i in (1..400) %}{{ shop.name }}{% endfor %}" } } },
      "SMS.de.template.1",
      /2800 characters long; 1600/,
    ],
  ];
  test.each(wrong)("%s is refused with its place when it is saved", async (_, content, path, message) => {
    const issues = await contentIssues(testContext(db), content, []);
    expect(issues).toEqual([{ path: `content.${path}`, message: expect.stringMatching(message) }]);
  });

  test("serves the languages that name it, and needs no text", async () => {
    const named = { template, "template.city": "{{ member.externalId }}" };
    const content = { SMS: { default: named, zh: { text: "今日八折" }, fr: { template } } };
    expect(await contentIssues(testContext(db), content, ["SMS"])).toEqual([]);
  });

  test("gets values of one line as its provider takes them, and an empty one is no message", async () => {
    const say = async (city: string) => {
      const member = { timeZone: "UTC", attributes: { city } };
      const scope = { member, campaign: { name: "Sale" }, shop: { name: "Shop" } };
      const content = { SMS: { default: { template, "template.1": "{{ member.attributes.city }}" } } };
      const to = { locale: "zh-CN", phone: "+8613800138000", transactional: false };
      const templates = templatesOf(content, "SMS")("zh-CN");
      return renderParts(testContext(db), templates, { channel: "SMS", scope, budget: readerBudget(), to });
    };
    expect(await say("a\n\tb      c")).toEqual({ parts: { template, "template.1": "a b    c" }, faults: [] });
    expect((await say(" ")).faults).toMatchObject([{ reason: "UNSENDABLE", part: "template.1", isOfValues: true }]);
  });
});
