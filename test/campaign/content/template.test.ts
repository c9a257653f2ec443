import { describe, expect, test } from "bun:test";
import { type Content, partsFor } from "../../../src/campaign/content/content.ts";
import { readerBudget } from "../../../src/campaign/content/render-budget.ts";
import { compileTemplate } from "../../../src/campaign/content/template.ts";
import { templateIssues } from "../../../src/campaign/content/template-issues.ts";

import { createMemory } from "../../../src/memory.ts";
import { realWorld } from "../../../src/world.ts";

const scope = (attributes: Record<string, unknown> = {}) => ({
  member: {
    id: "m_1",
    externalId: "x1",
    email: "<kim>@shop.test",
    locale: "en",
    timeZone: "America/New_York",
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
const now = Date.UTC(2026, 0, 2, 2, 30);
const render = (source: string, html = false, attributes = {}) =>
  compileTemplate(source, html).render(scope(attributes), {
    ctx: { timers: realWorld.timers, memory: createMemory() },
    budget: readerBudget(),
    most: 250_000,
    now,
  });

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
      [`\n{{ member${"[member".repeat(90)}${"]".repeat(90)} }}`, ":2:66", "brackets are nested deeper than 8"],
      [`${"{%if 1%}".repeat(9_000)}${"{%endif%}".repeat(9_000)}`, ":1:4001", "there are more than 500 tags"],
      ["{{".repeat(90_000), ":1:1001", "there are more than 500 tags"],
      [`{{ "x"${" | append: member.id".repeat(5_000)} }}`, ":1:1", "the tags hold more than 20000"],
      [`{{ "x"${" | append: member.id".repeat(300)} }}`, ":1:1", "a tag holds more than 4000"],
      ["{{ member[member.id] }}".repeat(101), ":1:2301", "there are more than 100 brackets"],
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
  test("escapes for HTML where the part is HTML, and only there", async () => {
    expect(await render("{{ member.email }} {{ campaign.name }}", true)).toBe("&lt;kim&gt;@shop.test Sale &amp; more");
    expect(await render("{{ member.email }} {{ campaign.name }}")).toBe("<kim>@shop.test Sale & more");
  });

  test("shows nothing for an attribute that the member lacks", async () => {
    expect(await render("[{{ member.attributes.city }}]", false, { city: "Graz" })).toBe("[Graz]");
    expect(await render("[{{ member.attributes.city }}{{ member.attributes.home.street.name }}]")).toBe("[]");
    const home = { home: { rooms: [{ name: "attic" }, {}] } };
    expect(await render("[{{ member.attributes.home.street.name }}{{ member.attributes.home }}]", false, home)).toBe(
      "[]",
    );
    const rooms = "{% for room in member.attributes.home.rooms %}{{ room.name }},{% endfor %}";
    expect(await render(rooms, false, home)).toBe("attic,,");
    expect(await render(rooms)).toBe("");
    expect(await render("{% if member.attributes.city %}yes{% else %}no{% endif %}")).toBe("no");
  });

  test("reads own properties only", async () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(await render(`[{{ member.attributes.${name} }}]`)).toBe("[]");
      expect(templateIssues(`{{ member.${name} }}`)).toHaveLength(1);
    }
  });

  test("ends what would run for ever or eat all memory, and says where it stands", async () => {
    const big = `{% assign s = "${"x".repeat(1000)}" %}`;
    const capture = "{% capture s %}{{ s }}{{ s }}{% endcapture %}";
    for (const [source, fault] of [
      ["\n{% for i in (1..100000000) %}{{ i }}{% endfor %}", "more than a message may cost, line:2, col:1"],
      ["{% for i in (1..90000) %}{{ i }}{% endfor %}", "more than a message may cost, line:1, col:"],
      [`${big}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}`, "more than a message may cost"],
      [`{% assign s = "xxxxxxxx" %}${capture.repeat(30)}`, "more than a message may cost"],
      [`{% for i in (1..999) %}${"x".repeat(9_999)}{% endfor %}`, "more than 250000 characters, line:1, col:24"],
      [`${big}{{ s | append: s | append: s | split: "" | sort_natural }}`, undefined],
      [
        `${big.repeat(1)}{% for i in (1..4) %}{% assign s = s | append: s %}{% endfor %}{{ s | split: "" | sort }}`,
        "5000",
      ],
    ] as const) {
      const answer = await render(source).catch((error: Error) => error);
      if (fault === undefined) expect(answer).not.toBeInstanceOf(Error);
      else expect([source.slice(0, 60), String(answer)]).toEqual([source.slice(0, 60), expect.stringContaining(fault)]);
    }
  });
});

describe("filters that make HTML", () => {
  const attributes = { name: "O'Brien & <Co>", text: "one\ntwo <3" };
  const html = (source: string) => render(source, true, attributes);

  test("are not escaped again, and never put out what was not escaped", async () => {
    for (const [source, expected] of [
      ["{{ member.attributes.text | newline_to_br }}", "one<br />\ntwo &lt;3"],
      ["{{ member.attributes.text | escape | newline_to_br }}", "one<br />\ntwo &lt;3"],
      ["{{ member.attributes.name | escape }}", "O&#x27;Brien &amp; &lt;Co&gt;"],
      ["{{ member.attributes.name | escape | escape }}", "O&#x27;Brien &amp; &lt;Co&gt;"],
      ["{{ member.attributes.name | xml_escape }}", "O&#x27;Brien &amp; &lt;Co&gt;"],
      ["{{ 'a &amp; b < c' | escape_once }}", "a &amp; b &lt; c"],
      ["{{ member.attributes.name | escape | append: ' <b>' | upcase }}", "O&#X27;BRIEN &AMP; &LT;CO&GT; &LT;B&GT;"],
      ["{{ member.attributes.name | escape | strip_html }}", "O&#x27;Brien &amp; &lt;Co&gt;"],
      ["{{ '<b>' | raw }}{{ '<b>' | raw | append: '<i>' }}", "<b><b>&lt;i&gt;"],
      ["{% echo member.attributes.name | escape %}{% echo '<' %}", "O&#x27;Brien &amp; &lt;Co&gt;&lt;"],
      ["{% assign n = member.attributes.name | escape %}{{ n }}", "O&#x27;Brien &amp; &lt;Co&gt;"],
      [
        "{% capture c %}<b>{{ member.attributes.name }}</b>{% endcapture %}{{ c }}",
        "<b>O&#x27;Brien &amp; &lt;Co&gt;</b>",
      ],
      ["{% capture c %} {% endcapture %}{% if c == blank %}nothing{% endif %}{{ c.size }}", "nothing1"],
      ["{{ member.attributes.name | url_encode }}", "O&#x27;Brien+%26+%3CCo%3E"],
      ["{{ 'a=1&b=2' | uri_escape }}", "a=1&amp;b=2"],
      ["{{ '%3Cb%3E' | escape | url_decode }}{{ '<b>' | json }}", "&lt;b&gt;&quot;&lt;b&gt;&quot;"],
    ] as const)
      expect([source, await html(source)]).toEqual([source, expected]);
  });

  test("make in plain text what they say", async () => {
    expect(await render("{{ member.attributes.name | escape }}", false, attributes)).toBe(
      "O&#39;Brien &amp; &lt;Co&gt;",
    );
  });
});

describe("dates", () => {
  test("are the member's: it is still New Year's evening in New York", async () => {
    for (const [source, expected] of [
      ["{{ 'now' | date: '%d %B %H:%M %z' }}", "01 January 21:30 -0500"],
      ["{{ 'today' | date: '%Y-%m-%d' }}", "2026-01-01"],
      ["{{ 'now' | date_to_string }}, {{ 'now' | date_to_long_string: 'ordinal' }}", "01 Jan 2026, 1st January 2026"],
      ["{{ 'now' | date_to_rfc822 }}", "Thu, 01 Jan 2026 21:30:00 -0500"],
      ["{{ 'now' | date_to_xmlschema }}", "2026-01-01T21:30:00-05:00"],
      ["{{ 'now' | date: '%s' }}", `${now / 1000}`],
      ["{{ 1767321000 | date: '%d %H:%M' }} {{ '1767321000' | date: '%d %H:%M' }}", "01 21:30 01 21:30"],
      ["{{ '2026-07-01T02:00:00Z' | date: '%d %H:%M' }}", "30 22:00"],
      ["{{ '2026-07-01T02:00:00+02:00' | date: '%d %H:%M' }}", "30 20:00"],
      ["{{ 'now' | date: '%d %H:%M', 'Asia/Tokyo' }}", "02 11:30"],
      ["{{ 'now' | date: '%H:%M', -330 }}", "08:00"],
      ["{{ 'never' | date: '%d' }}[{{ member.attributes.none | date: '%d' }}]", "never[]"],
      ["{{ member.timeZone }}", "America/New_York"],
    ] as const)
      expect([source, await render(source)]).toEqual([source, expected]);
  });

  test("of the calendar are the same everywhere: a birthday is no day earlier in America", async () => {
    expect(await render("{{ '1990-05-17' | date: '%d %B' }}")).toBe("17 May");
    expect(await render("{{ '2026-05-17 09:00' | date: '%d %H:%M' }}")).toBe("17 09:00");
    expect(await render("{{ 'May 17, 2026 9:00' | date: '%d %H:%M' }}")).toBe("17 09:00");
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

  test.each([
    ["pt-BR", "pt-br"],
    ["PT-br", "pt-br"],
    ["pt-PT", "pt"],
    ["zh-TW", "zh-Hant"],
    ["zh-Hant-HK", "zh-Hant"],
    ["zh-CN", "zh"],
    ["de-CH-x-bern", "de-CH"],
    ["de-DE-1996", "de"],
    ["iw", "he"],
    ["no such tag", "default"],
    ["", "default"],
  ])("for a member who reads %p it is that for %p", (locale, served) => {
    const names = ["pt-br", "pt", "zh", "zh-Hant", "de", "de-CH", "he", "default"];
    const many: Content = { SMS: Object.fromEntries(names.map((name) => [name, { text: name }])) };
    expect(partsFor(many, "SMS", locale).text).toBe(served);
  });
});
