import { expect, test } from "bun:test";
import fc from "fast-check";
import { Liquid } from "liquidjs";
import { plainOutputs } from "../../../src/campaign/content/plain-outputs.ts";
import { counted } from "../../support/length.ts";

const engine = new Liquid({ strictVariables: true, strictFilters: true, ownPropertyOnly: true });
const pieces = [
  ..."Hi , · { } {{ }} {{member.name}} {{ member.name }} {{  member.spend }} {{ shop.name }} {{- member.name -}}".split(
    " ",
  ),
  ...["{{ member.none }}", "{{ member.attributes }}", "{{ none.name }}", "{{ member.name | upcase }}", "{% if true %}"],
  ...[
    "{% endif %}",
    "{{ member.constructor }}",
    "{{ true.name }}",
    "{{ member.toString }}",
    "{{ member }}",
    "\n",
    "{{",
  ],
];
const values = fc.oneof(
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.constantFrom<unknown>(null, undefined, true, [], {}),
);

test("whatever is put together here is what the engine says", () => {
  let made = 0;
  const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((all) => all.join(" "));
  const scopes = fc.record({ name: values, spend: values, attributes: fc.constant({ a: 1 }) });
  fc.assert(
    fc.property(texts, scopes, fc.string(), (source, member, name) => {
      const scope = { member: { ...member, timeZone: "UTC" }, campaign: { name }, shop: { name } };
      const said = plainOutputs(source)?.say(scope, 10_000);
      if (said === undefined) return;
      made++;
      expect(said).toBe(engine.parseAndRenderSync(source, scope));
    }),
    { numRuns: counted(1_000, 50_000) },
  );
  expect(made).toBeGreaterThan(100);
  expect(plainOutputs("Hi {{ shop.name }}")?.say({ shop: { name: "12345" } } as never, 7)).toBeUndefined();
});
