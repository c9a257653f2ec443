import type { Context } from "../../context.ts";
import { createCodePool, findPool, listPools, maxCodes, poolsById } from "../../coupon/code/pool.ts";
import { cancelCodePool, pauseCodePool, resumeCodePool } from "../../coupon/code/pool-control.ts";
import { endedPools, type PoolProgress, poolProgress } from "../../coupon/code/pool-progress.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { rowOfInput, toRowId } from "../kit/ids.ts";
import { watchChanges } from "../kit/poll-stream.ts";
import { refusable } from "../kit/refusable.ts";
import { unwrap } from "../kit/unwrap.ts";
import { CodePoolProgressType, CodePoolType } from "./code-pool-type.ts";
import { CouponTemplateType } from "./template-type.ts";

const viewers = { role: "viewer" } as const;
const editors = { role: "editor" } as const;

connectionField("Query", "codePools", CodePoolType, {
  description: "The pools of all templates or of one, the newest first.",
  scopes: viewers,
  args: (arg) => ({
    templateId: arg.globalID({ for: CouponTemplateType, description: "Only those of this template." }),
    shop: arg.string({ description: "Only those of templates of this shop; empty: the company's own." }),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { templateId, shop, ...page }) =>
    listPools(ctx, { ...page, template: rowOfInput(templateId), shop: shop ?? undefined }),
});

builder.queryField("codePool", (t) =>
  t.field({
    type: CodePoolType,
    nullable: true,
    description: "A pool; null when there is none of this id.",
    authScopes: viewers,
    args: { id: t.arg.globalID({ for: CodePoolType, required: true, description: "Which one." }) },
    resolve: async (_root, { id }, { ctx }) => (await poolsById(ctx, [toRowId(id.id)]))[0],
  }),
);

refusable("createCodePool", {
  description:
    "Makes codes for a template of code mode POOL. Its stock grows with them; a template may have several pools.",
  scopes: editors,
  result: CodePoolType,
  refusals: { CONFLICT: true, NEEDS_APPROVAL: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    templateId: t.globalID({
      for: CouponTemplateType,
      required: true,
      description: "Whose coupons are to carry them.",
    }),
    codes: t.int({ required: true, description: `How many, 1–${maxCodes.toLocaleString("en")}.` }),
    idempotencyKey: t.string({ required: true, description: "Your name for this one pool, 1–200 characters." }),
  }),
  resolve: ({ templateId, codes, idempotencyKey }, ctx) =>
    createCodePool(ctx, { template: toRowId(templateId.id), wanted: codes, idempotencyKey }),
});

command("pauseCodePool", "Stops filling a generated pool until it is resumed.", pauseCodePool);
command("resumeCodePool", "Goes on filling a pool that was paused or failed.", resumeCodePool);
command("cancelCodePool", "Ends the filling of a pool for good; codes that it has stay good.", cancelCodePool);

function command(name: string, description: string, verb: typeof pauseCodePool): void {
  refusable(name, {
    description,
    scopes: editors,
    result: CodePoolType,
    refusals: { NOT_FOUND: true, WRONG_STATE: true },
    input: (t) => ({ poolId: t.globalID({ for: CodePoolType, required: true, description: "Which one." }) }),
    resolve: ({ poolId }, ctx) => verb(ctx, { id: toRowId(poolId.id) }),
  });
}

builder.subscriptionField("codePoolProgress", (t) =>
  t.field({
    type: CodePoolProgressType,
    description:
      "How far a pool is filled, at most twice a second and only when it changed; ends when it is ready or cancelled.",
    authScopes: viewers,
    args: { poolId: t.arg.globalID({ for: CodePoolType, required: true, description: "Which one." }) },
    subscribe: (_root, { poolId }, { ctx }) => watchPool(ctx, toRowId(poolId.id)),
    resolve: (progress) => progress,
  }),
);

async function watchPool(ctx: Context, pool: number) {
  const read = async () => poolProgress(unwrap(await findPool(ctx, pool)), ctx.clock());
  await read();
  return watchChanges<PoolProgress>(ctx, {
    read,
    // The rate and what follows from it change with the clock alone.
    key: ({ perSecond: _, etaSeconds: __, ...facts }) => JSON.stringify(facts),
    isLast: ({ state }) => endedPools.includes(state),
  });
}
