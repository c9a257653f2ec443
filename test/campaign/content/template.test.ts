import { describe, expect, test } from "bun:test";
import { type Content, contentIssues, partsFor } from "../../../src/campaign/content/content.ts";
import { compileTemplate } from "../../../src/campaign/content/template.ts";
import { templateIssues } from "../../../src/campaign/content/template-issues.ts";

const scope = (attributes: Record<string, unknown> = {}) => ({
  member: {
    id: "m_1",
    externalId: "x1",
    email: "<kim>@shop.test",
    locale: "en",
    level: 3,
    points: 1_200,
    totalSpend: 0,
    accountType: "personal",
    birthday: "",
    attributes,
  },
  campaign: { name: "Sale & more" },
  shop: { name: "Fanfare" },
});
const render = (source: string, html = false, attributes = {}) =>
  compileTemplate(source, html).render(scope(attributes));

describe("a template's faults", () => {
  const faults: [string, string, RegExp][] = [
    ["an unknown variable", "Hi\n  {{ member.nickname }}", /^:2:6 unknown variable "member.nickname"/],
    ["an unknown root", "{{ order.total }}", /^:1:4 unknown variable "order.total"/],
    ["a variable that is only a root", "{{ member }}", /^:1:4 unknown variable "member"/],
    ["attributes without a name", "{{ member.attributes }}", /^:1:4 unknown variable "member.attributes"/],
    ["an unknown filter", "a\nb {{ member.level | shout }}", /^:2:\d+ undefined filter: shout/],
    ["an unknown tag", "{% steal %}", /^:1:1 tag "steal" not found/],
    ["a tag that is not closed", "line\n{% if member.level %}", /^:2:1 tag .*not closed/],
    ["output that is not closed", "a\nb\n  {{ member.level", /^:3:3 output .*not closed/],
    ["a name that every object has", "{{ constructor.name }}", /^:1:4 unknown variable "constructor.name"/],
    ["the first use of an unknown variable", "x {{ a.b }}\n{{ a.b }}", /^:1:6 unknown variable "a.b"/],
    ["a tag that would read a file", "{% include 'secrets' %}", /^:1:1 tag "include" not found/],
    ["a tag that would read a file", "{% render 'secrets' %}", /^:1:1 tag "render" not found/],
    ["a tag that would read a file", "{% layout 'secrets' %}", /^:1:1 tag "layout" not found/],
  ];
  for (const [name, source, expected] of faults) {
    test(`${name} is named with its line and column: ${JSON.stringify(source)}`, () => {
      const [fault] = templateIssues(source);
      expect(`${fault?.path} ${fault?.message}`).toMatch(expected);
    });
  }

  test("name what would take the check minutes, or its stack", () => {
    for (const [source, place, message] of [
      [`\n{{ member${"[member".repeat(5_000)}${"]".repeat(5_000)} }}`, ":2:1", "the tags hold more than 20000"],
      [`\n{{ member${"[member".repeat(500)}${"]".repeat(500)} }}`, ":2:66", "brackets are nested deeper than 8"],
      [`${"{%if 1%}".repeat(9_000)}${"{%endif%}".repeat(9_000)}`, ":1:4001", "there are more than 500 tags"],
      ["{{".repeat(90_000), ":1:1001", "there are more than 500 tags"],
      [`{{ "x"${" | append: member.id".repeat(5_000)} }}`, ":1:1", "the tags hold more than 20000"],
    ] as const) {
      const [fault] = templateIssues(source);
      expect(fault).toEqual({ path: place, message: expect.stringContaining(message) });
    }
  });

  test("are none where there is none", () => {
    for (const source of [
      "",
      "plain",
      "{{ member.attributes.city }}",
      "{{ campaign.name | upcase }}",
      "{% if member.level > 2 %}a{% endif %}",
    ])
      expect(templateIssues(source)).toEqual([]);
    expect(templateIssues("{% for i in (1..3) %}{{ i }}{% endfor %}{% assign x = 1 %}{{ x }}")).toEqual([]);
  });
});

describe("rendering", () => {
  test("escapes for HTML where the part is HTML, and only there", () => {
    expect(render("{{ member.email }} {{ campaign.name }}", true)).toBe("&lt;kim&gt;@shop.test Sale &amp; more");
    expect(render("{{ member.email }} {{ campaign.name }}")).toBe("<kim>@shop.test Sale & more");
  });

  test("shows nothing for an attribute that the member lacks", () => {
    expect(render("[{{ member.attributes.city }}]", false, { city: "Graz" })).toBe("[Graz]");
    expect(render("[{{ member.attributes.city }}{{ member.attributes.home.street.name }}]")).toBe("[]");
    const home = { home: { rooms: [{ name: "attic" }, {}] } };
    expect(render("[{{ member.attributes.home.street.name }}{{ member.attributes.home }}]", false, home)).toBe("[]");
    const rooms = "{% for room in member.attributes.home.rooms %}{{ room.name }},{% endfor %}";
    expect(render(rooms, false, home)).toBe("attic,,");
    expect(render(rooms)).toBe("");
    expect(render("{% if member.attributes.city %}yes{% else %}no{% endif %}")).toBe("no");
  });

  test("reads own properties only", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(render(`[{{ member.attributes.${name} }}]`)).toBe("[]");
      expect(templateIssues(`{{ member.${name} }}`)).toHaveLength(1);
    }
  });

  test("ends what would run for ever or eat all memory", () => {
    const long = "{% for i in (1..100000000) %}{{ i }}{% endfor %}";
    expect(() => render(long)).toThrow(/limit/);
    expect(() =>
      render(`{% assign s = "${"x".repeat(1000)}" %}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}`),
    ).toThrow(/limit/);
    const capture = "{% capture s %}{{ s }}{{ s }}{% endcapture %}";
    expect(() => render(`{% assign s = "xxxxxxxx" %}${capture.repeat(30)}`)).toThrow(/limit/);
    expect(() => render(`{% for i in (1..9999) %}${"x".repeat(9_999)}{% endfor %}`)).toThrow(/limit/);
  });
});

describe("content", () => {
  const content: Content = {
    EMAIL: {
      default: { subject: "a", html: "b" },
      de: { subject: "de", html: "b" },
      "de-AT": { subject: "at", html: "b" },
    },
  };

  test("the exact locale serves, else its language, else the default", () => {
    const subject = (locale: string) => partsFor(content, "EMAIL", locale).subject;
    expect([subject("de-AT"), subject("de-CH"), subject("de"), subject("fr"), subject("en-GB")]).toEqual([
      "at",
      "de",
      "de",
      "a",
      "a",
    ]);
    expect(partsFor(content, "SMS", "de")).toEqual({});
  });

  test("a missing channel, a missing, unknown or too long part is a fault with its place", () => {
    const faulty: Content = {
      SMS: { default: { text: "x".repeat(1_601) } },
      PUSH: { default: { title: "a", sound: "b" } },
    };
    const paths = contentIssues(faulty, ["SMS", "EMAIL"]).map(({ path }) => path);
    expect(paths).toEqual([
      "content.EMAIL.default",
      "content.SMS.default.text",
      "content.PUSH.default.body",
      "content.PUSH.default.sound",
    ]);
  });
});
