import { afterAll, expect, test } from "bun:test";
import { z } from "zod";
import { createMemory } from "../../src/memory.ts";
import { createRequestLimit } from "../../src/operations/request-limit.ts";
import { domainAddresses } from "../../src/routes.ts";
import { clientAddress } from "../../src/web/client-address.ts";
import { webSettings, webVariables } from "../../src/web/settings.ts";
import { realWorld } from "../../src/world.ts";
import { closeLedgers, openLedger } from "../support/light.ts";

afterAll(closeLedgers);

test("links open, but not without end from one address; who is refused reads it in their language", async () => {
  const { ctx } = await openLedger();
  const { rates } = webSettings(z.object(webVariables).parse({ RATE_LINKS: "2/10" }));
  const limitRequest = createRequestLimit(
    { redis: undefined, memory: createMemory(), clock: () => 0, timers: realWorld.timers },
    rates,
  );
  const guard = { limitRequest, addressOf: clientAddress(true, () => {}) };
  const { c, l, u } = domainAddresses(ctx, ctx.domains, guard);
  const open = (address: typeof c, from: string, language = "en") => {
    const request = new Request("http://a.test/x", {
      headers: { "x-forwarded-for": from, "accept-language": language },
    });
    return address?.({ request, server: {} as Bun.Server<unknown>, rest: "nonsense", search: "" });
  };
  for (const address of [l, u]) expect((await open(address, "2001:db8::1"))?.status).toBe(404);
  const refused = await open(c, "2001:db8::2", "zh-CN");
  expect([refused?.status, refused?.headers.get("retry-after")]).toEqual([429, "5"]);
  expect(await refused?.text()).toContain("请求过多");
  expect((await open(c, "2001:db8:0:1::2"))?.status).toBe(404);
});
