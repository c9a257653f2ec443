import { expect, test } from "bun:test";
import fc from "fast-check";
import { readerBudget } from "../../../src/campaign/content/render-budget.ts";
import { compileTemplate } from "../../../src/campaign/content/template.ts";
import type { Uses } from "../../../src/campaign/content/uses.ts";
import { createMemory } from "../../../src/memory.ts";
import { realWorld } from "../../../src/world.ts";
import { counted } from "../../support/length.ts";

const uses = (source: string) => compileTemplate(source, false).uses();

test("a text uses the fields that it names, in outputs, conditions, loops, assignments and captures", () => {
  for (const [source, member, offer] of [
    ["plain", [], false],
    ["{{ shop.name }} {{ campaign.name }}", [], false],
    ["Hi {{ member.name | default: member.externalId }}", ["externalId", "name"], false],
    ["{% if member.level > 2 %}a{% elsif member['points'] == 1 %}b{% endif %}", ["level", "points"], false],
    ["{% for x in member.attributes.list %}{{ x }}{% endfor %}", ["attributes"], false],
    ["{% capture z %}{{ member.email }}{% endcapture %}{{ z }}", ["email"], false],
    ["{% if shop.name == 'x' %}{% assign member = shop %}{% endif %}{{ member.name }}", ["name"], false],
    ["{{ ['member']['email'] }}{{ member.attributes.list[ 0 ] }}", ["attributes", "email"], false],
    ["{{ coupon.code }}", [], true],
    ["{{ promotion.name }} until {{ member.timeZone }}", ["timeZone"], true],
  ] as const) {
    expect([source, uses(source)]).toEqual([source, { member: [...member], offer }]);
  }
});

test("what may say something else the next time, or of which that cannot be told, is not to be kept", () => {
  for (const source of [
    "{{ 'now' | date: '%s' }}",
    '{{ member.birthday |\u00a0date: "}}" }}',
    "{{ 'today' |\n date_to_string }}",
    "{% assign day = 'now' | date: '%j' %}{{ day }}",
    "{% liquid\n echo 'now' | date: '%s'\n%}",
    "{{ member.attributes.list | sample }}",
    "{{ member[shop.name] }}",
    "{% assign all = member %}{{ all.name }}",
    "{% if member.level %}",
    "{{ 'a' | split: ',' | group_by_exp: 'x', 'member.email' | map: 'name' }}",
    "{{ 'a' | split: ',' |where_exp: 'x', 'member.name == shop.name' }}",
    "{% assign k = 'member' %}{{ [k].email }}",
    "{% assign k = 'member' %}{% for x in[ k ].attributes.list %}{{ x }}{% endfor %}",
    "{% assign 1k = 'member' %}{{ [1k].email }}",
  ]) {
    expect([source, uses(source)]).toEqual([source, undefined]);
  }
});

const member = fc.record({
  name: fc.constantFrom("", "Kim", "Li"),
  level: fc.nat(3),
  points: fc.nat(3),
  attributes: fc.record({ n: fc.nat(2), list: fc.array(fc.nat(2), { maxLength: 2 }) }),
});
const piece = fc.constantFrom(
  "word ",
  "{{ member.name | default: 'you' | upcase }}",
  "{% if member.level > 1 %}{{ member.points }}{% else %}few{% endif %}",
  "{% unless member.attributes.n == 1 %}{% assign x = member.level | plus: 1 %}{% endunless %}",
  "{% capture y %}{{ member.attributes.list | join: '+' }}{% endcapture %}",
  "{% for i in member.attributes.list %}{{ i | times: member.level }};{% endfor %}",
  "{% case member.points %}{% when member.level %}even{% else %}odd{% endcase %}",
  "{% if y %}{{ y }}{% endif %}{% if x %}{{ x }}{% endif %}",
);

test("where all is equal that a text uses, the texts are equal, whatever else differs", async () => {
  const numRuns = counted(150, 20_000);
  const pieces = fc.array(piece, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(pieces, member, member, async (parts, one, other) => {
      const template = compileTemplate(parts.join(""), false);
      const used = template.uses();
      if (!used) throw new Error("all of these can be told");
      const text = (values: object) => template.render(scopeOf(values), world());
      expect(await text({ ...other, ...pick(used, one) })).toBe(await text(one));
    }),
    { numRuns },
  );
});

function pick({ member: fields }: Uses, values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => fields.includes(name)));
}

function scopeOf(values: object) {
  return {
    member: { timeZone: "UTC", attributes: {}, ...values },
    campaign: { name: "c" },
    shop: { name: "s" },
  };
}

function world() {
  return { ctx: { timers: realWorld.timers, memory: createMemory() }, budget: readerBudget(), most: 10_000, now: 0 };
}
