import { expect, test } from "bun:test";
import { addTemplate } from "../support/coupons.ts";
import { couponFaults } from "../support/issue.ts";
import { faultsOf, ledgerOf } from "../support/ledger.ts";
import { counted, isLong } from "../support/length.ts";
import { layDown, surviveKills } from "../support/victim.ts";

test("I2 I8 a run that gives coupons survives kill -9 in the middle of it: everyone has exactly one", async () => {
  const members = counted(900, 10_000);
  const points = isLong ? [0.2, 0.4, 0.6, 0.8] : [0.4];
  let template = 0;
  const victim = await layDown({
    members,
    channels: [],
    seed: 0,
    env: { PAGE_SIZE: String(counted(30, 100)) },
    draft: async (ctx) => {
      template = (await addTemplate(ctx, { stock: members, perMember: 2 })).id;
      return { kind: "COUPON_ISSUE", couponTemplate: template };
    },
  });
  try {
    await surviveKills(victim, points, 60_000);
    expect(await ledgerOf(victim.db, victim.run)).toEqual({ "COUPON SENT": members });
    expect(await faultsOf(victim.db, victim.sandboxPath, victim.run)).toEqual([]);
    expect(await couponFaults(victim.db)).toEqual([]);
    const held = await victim.db.all({ sql: "SELECT DISTINCT count(*) AS n FROM coupon GROUP BY member", args: [] });
    expect(held).toEqual([{ n: 1 }]);
  } finally {
    await victim.stop();
  }
}, 120_000);
