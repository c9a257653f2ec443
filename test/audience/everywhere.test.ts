import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import type { AudienceTerm } from "../../src/audience/term.ts";
import { simulateLaunch } from "../../src/campaign/rehearsal/simulate.ts";
import { createTemplate } from "../../src/coupon/template/edit.ts";
import { simulateTemplate } from "../../src/coupon/template/simulation.ts";
import { domains } from "../../src/domains.ts";
import { estimateAudience } from "../../src/member/estimate.ts";
import { createSegment } from "../../src/member/segment.ts";
import { closeLedgers, type Ledger, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
  await ledger.members(3);
});
afterAll(closeLedgers);

type Shape = z.core.JSONSchema.BaseSchema;

/** Little of what a term's shape lets one say: what is required of it, and one thing more. */
function sampleOf(term: AudienceTerm): unknown {
  const shape = z.toJSONSchema(term.schema, { io: "input" });
  return sample(shape, shape.$defs ?? {});
}

function sample(given: Shape | boolean, named: Readonly<Record<string, Shape>>): unknown {
  if (typeof given === "boolean") return {};
  const shape = named[given.$ref?.replace("#/$defs/", "") ?? ""] ?? given;
  if (shape.enum) return shape.enum[0];
  switch (shape.type) {
    case "object": {
      const properties = Object.entries(shape.properties ?? {});
      const required = properties.filter(([name]) => shape.required?.includes(name));
      const asked = [...required, ...properties.filter((each) => !required.includes(each)).slice(0, 1)];
      return Object.fromEntries(asked.map(([name, part]) => [name, sample(part, named)]));
    }
    case "array":
      return [sample((shape.items as Shape | undefined) ?? {}, named)];
    case "string":
      if (shape.examples?.length) return shape.examples[0];
      return { "date-time": "2026-01-01T00:00:00Z", date: "2026-01-01" }[shape.format ?? ""] ?? "x";
    case "integer":
    case "number":
      return Math.max(1, shape.minimum ?? 1);
    default:
      return true;
  }
}

describe("every term of every domain serves segments, campaigns, coupons' eligibility and simulations alike", () => {
  for (const { name: domain, terms = [] } of domains) {
    test.each(terms.map((term) => [term.name, term] as const))(`${domain}: %s`, async (name, term) => {
      const { ctx } = ledger;
      const filter = { [name]: sampleOf(term) };
      accepted(await createSegment(ctx, { name: `who ${name}`, filter }));
      const campaign = await ledger.campaign({ channels: ["IN_APP"], audience: { filter } });
      const launch = accepted(await simulateLaunch(ctx, { id: campaign }));
      const draft = { kind: "INSTANT", params: { off: 100 }, currency: "EUR", eligibility: filter };
      const template = accepted(await createTemplate(ctx, { draft: { name: `for ${name}`, ...draft } }));
      const simulated = accepted(await simulateTemplate(ctx, template.id));
      const estimate = accepted(await estimateAudience(ctx, accepted(ctx.audience.parse(filter))));
      expect({ campaign: launch.matched, coupon: simulated.eligible }).toEqual({
        campaign: estimate.count,
        coupon: estimate.count,
      });
    });
  }
});
