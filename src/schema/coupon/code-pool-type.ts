import {
  type CodeRowFault,
  keptFaults,
  type PoolExport,
  poolExports,
  poolFaults,
  poolsById,
} from "../../coupon/code/pool.ts";
import { type PoolProgress, poolProgress } from "../../coupon/code/pool-progress.ts";
import {
  type CodeFault,
  type CodePool,
  type PoolSource,
  type PoolState,
  poolStates,
} from "../../coupon/code/pool-table.ts";
import { templatesById } from "../../coupon/template/template.ts";
import { builder } from "../kit/builder.ts";
import { enumOf } from "../kit/enum.ts";
import { toRowId } from "../kit/ids.ts";
import { historyField } from "../transition/history.ts";
import { exporters, exportPath } from "./code-export.ts";
import { CouponTemplateType } from "./template-type.ts";

const viewers = { role: "viewer" } as const;

const stateWords: Readonly<Record<PoolState, string>> = {
  FILLING: "Codes are added to it.",
  PAUSED: "It stands still until it is resumed.",
  FAILED:
    "The queue gave its step up, or the file has too many rows. What it has is good; a generated one can be resumed.",
  READY: "It has all its codes.",
  CANCELLED: "No more are added; those that it has are good.",
};

export const CodePoolState = enumOf(
  "CodePoolState",
  "Where a pool is in its life.",
  poolStates,
  (state) => stateWords[state],
);

const CodePoolSource = builder.enumType("CodePoolSource", {
  description: "Where a pool's codes come from.",
  values: {
    GENERATED: { description: "They are made here: 65 random bits and a check symbol each." },
    UPLOADED: { description: "They were sent in a file." },
  } as const satisfies Record<PoolSource, { description: string }>,
});

const CodeFaultReason = builder.enumType("CodeFaultReason", {
  description: "Why a row of a file gave no code.",
  values: {
    DUPLICATE: { description: "There is such a code already, in this file, in a pool or on a coupon." },
    MALFORMED: { description: "It has other signs than letters of ASCII, digits, hyphens and underscores." },
    TOO_SHORT: { description: "It has fewer than 8 letters and digits: too easily guessed." },
    TOO_LONG: { description: "It has more than 64 signs." },
    NOT_CSV: {
      description:
        "Its quotes do not fit, it is longer than a row may be, or it is a cell of a workbook that says nothing for " +
        "sure. The rows after it are read.",
    },
    DAMAGED: { description: "The workbook is damaged: it is read up to here." },
    TOO_MANY_ROWS: { description: "The file has more rows than one may have; it is read up to here." },
  } as const satisfies Record<CodeFault, { description: string }>,
});

const CodeRowFaultType = builder.objectRef<CodeRowFault>("CodeRowFault").implement({
  description: "A row of a file that gave no code. The code itself is not kept.",
  authScopes: viewers,
  fields: (t) => ({
    line: t.exposeInt("line", { description: "The row from 1, a header counted." }),
    reason: t.expose("reason", { type: CodeFaultReason, description: "What is wrong with it." }),
  }),
});

const CodeExportType = builder.objectRef<PoolExport>("CodeExport").implement({
  description: "One time that a pool's codes were taken out.",
  authScopes: exporters,
  fields: (t) => ({
    actor: t.exposeString("actor", { description: "Who did." }),
    codes: t.exposeInt("codes", { description: "How many codes it had then." }),
    at: t.expose("at", { type: "DateTime", description: "When." }),
  }),
});

export const CodePoolProgressType = builder.objectRef<PoolProgress>("CodePoolProgress").implement({
  description: "How far a pool is filled.",
  authScopes: viewers,
  fields: (t) => ({
    state: t.expose("state", { type: CodePoolState, description: "Where it is in its life." }),
    done: t.exposeInt("done", { description: "Codes that it has." }),
    total: t.exposeInt("total", {
      nullable: true,
      description: "Codes that it is to have; null while a file is read.",
    }),
    perSecond: t.exposeFloat("perSecond", { description: "Codes per second since it began or was resumed." }),
    etaSeconds: t.exposeInt("etaSeconds", {
      nullable: true,
      description: "Seconds to its end at that rate; null when that cannot be said.",
    }),
  }),
});

export const CodePoolType = builder.node(builder.objectRef<CodePool>("CodePool"), {
  description:
    "Codes of one template that were made or uploaded before anyone has them. " +
    "The template's stock is the codes in its pools.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => poolsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    source: t.expose("source", { type: CodePoolSource, description: "Where its codes come from." }),
    state: t.expose("state", { type: CodePoolState, description: "Where it is in its life." }),
    progress: t.field({
      type: CodePoolProgressType,
      description: "How far it is filled.",
      resolve: (pool, _args, { ctx }) => poolProgress(pool, ctx.clock()),
    }),
    file: t.exposeString("file", { nullable: true, description: "The name of the file, of an upload." }),
    encoding: t.exposeString("encoding", {
      nullable: true,
      description: "What the bytes of the file were read as, e.g. `utf-8` or `gb18030`.",
    }),
    encodingGuessed: t.exposeBoolean("encodingGuessed", {
      description: "Whether that was guessed. Where the guess is wrong, cancel the pool and say the encoding.",
    }),
    refused: t.exposeInt("refused", { description: "Rows of the file that gave no code." }),
    faults: t.field({
      type: [CodeRowFaultType],
      description: `The first rows that gave no code, at most ${keptFaults.toLocaleString("en")}.`,
      complexity: { field: 1, multiplier: 20 },
      args: { first: t.arg.int({ description: `How many at most; ${keptFaults} unless given.` }) },
      resolve: ({ id }, { first }, { ctx }) => poolFaults(ctx, id, first ?? undefined),
    }),
    exportUrl: t.string({
      nullable: true,
      description: "Where an admin takes its codes out as CSV, with the admin's token or session; null for others.",
      authScopes: exporters,
      resolve: ({ id }, _args, { ctx }) => `${ctx.settings.publicUrl}${exportPath(id)}`,
    }),
    exports: t.field({
      type: [CodeExportType],
      nullable: true,
      description: "Who took its codes out, the newest first, at most 200; null for who may not take them.",
      authScopes: exporters,
      resolve: ({ id }, _args, { ctx }) => poolExports(ctx, id),
    }),
    history: t.field(historyField("code-pool")),
    createdBy: t.exposeString("createdBy", { description: "Who made it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it last made progress or was moved." }),
  }),
});

builder.objectField(CodePoolType, "template", (t) =>
  t.loadable({
    type: CouponTemplateType,
    description: "The template whose coupons carry them.",
    resolve: ({ template }) => template,
    load: async (ids: number[], { ctx }) =>
      (await templatesById(ctx, ids)).map((row, i) => row ?? new Error(`no coupon template ${ids[i]}`)),
  }),
);
