import { isRefusal } from "../../errors.ts";
import { addGoods, goodsById, type HotGoods, listGoods } from "../../hotgoods/goods.ts";
import { importGoods } from "../../hotgoods/import-goods.ts";
import { type GoodsPlan, listPlans, setPlan } from "../../hotgoods/plan.ts";
import { type GoodsState, goodsStates } from "../../hotgoods/table.ts";
import { globalId } from "../../ids.ts";
import { pushFields, pushOf, pushTold } from "../campaign/standing-push.ts";
import { fileContent, xlsxDescription } from "../files/table-input.ts";
import { AudienceFilter, fromFilter, toFilter } from "../kit/audience-filter.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { enumOf } from "../kit/enum.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { makersShop, newShopField, shopArgs, shopOfThing } from "../kit/shop.ts";
import { personaOf } from "./goods-upload.ts";

const viewers = { role: "viewer" } as const;
const approvers = { role: "approver" } as const;

const stateWords: Readonly<Record<GoodsState, string>> = {
  PLANNED: "Its day is to come, or is being dealt with.",
  SENT: "A campaign tells those for whom it was chosen.",
  SKIPPED: "Nobody is told; `reason` says why.",
};

const StateEnum = enumOf("HotGoodsState", "What became of goods of a day.", goodsStates, (state) => stateWords[state]);

const GoodsType = builder.node(builder.objectRef<HotGoods>("HotGoods"), {
  description: "Goods of a day, told to members whom its persona selects and no goods of a higher priority.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => goodsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    shop: t.exposeString("shop", { description: shopOfThing }),
    day: t.exposeString("day", { description: "Their day, by the calendar of the plan's zone." }),
    goods: t.exposeString("goods", { description: "The shop's id of them." }),
    name: t.exposeString("name", { description: "What they are called." }),
    description: t.exposeString("description", { description: "What is said of them." }),
    keywords: t.stringList({ description: "Words about them.", resolve: ({ keywords }) => [...keywords] }),
    persona: t.field({
      type: "JSON",
      nullable: true,
      description: "For whom, in the form of `AudienceFilter`; null: they are skipped.",
      resolve: ({ persona }) => (persona === null ? null : fromFilter(persona)),
    }),
    priority: t.exposeInt("priority", { description: "The highest wins a member." }),
    state: t.expose("state", { type: StateEnum, description: "What became of them." }),
    reason: t.exposeString("reason", {
      nullable: true,
      description: "Why they were skipped: NO_PERSONA, BAD_PERSONA, NOBODY, LATE, or what could not be sent.",
    }),
    members: t.exposeInt("members", { description: "For how many members they were chosen." }),
    campaignId: t.id({
      nullable: true,
      description: "The campaign that tells of them.",
      resolve: ({ campaign }) => (campaign === null ? null : globalId("Campaign", campaign)),
    }),
  }),
});

const PlanType = builder.objectRef<GoodsPlan>("HotGoodsPlan").implement({
  description: "When and how a shop tells of its goods of the day.",
  authScopes: viewers,
  fields: (t) => ({
    shop: t.exposeString("shop", { description: shopOfThing }),
    hour: t.exposeInt("hour", { description: "At which hour, 0–23." }),
    zone: t.exposeString("zone", { description: "By the clock of this zone (IANA)." }),
    enabled: t.exposeBoolean("enabled", { description: "Whether anybody is told." }),
    ...pushTold(t),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it was last said." }),
  }),
});

const AddedType = builder.objectRef<readonly HotGoods[]>("HotGoodsAdded").implement({
  description: "Goods that were written down.",
  authScopes: viewers,
  fields: (t) => ({
    goods: t.field({ type: [GoodsType], description: "As they are now.", resolve: (goods) => [...goods] }),
  }),
});

builder.queryField("hotGoodsPlans", (t) =>
  t.field({
    type: [PlanType],
    description: "When and how shops tell of their goods of the day.",
    authScopes: viewers,
    resolve: (_root, _args, { ctx }) => listPlans(ctx),
  }),
);

connectionField("Query", "hotGoods", GoodsType, {
  description: "Goods of days, the newest first.",
  scopes: viewers,
  args: (arg) => ({
    date: arg.string({ description: "Only those of this day, `2027-12-24`." }),
    state: arg({ type: StateEnum, description: "Only those in this state." }),
    ...shopArgs(arg),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { date, state, shop, after, limit }) =>
    listGoods(ctx, { day: date ?? undefined, state: state ?? undefined, shop: shop ?? undefined, after, limit }),
});

const RowInput = builder.inputType("HotGoodsInput", {
  description: "Goods of a day.",
  fields: (t) => ({
    date: t.string({ required: true, description: "Their day, `2027-12-24`." }),
    goods: t.string({ required: true, description: "The shop's id of them; once a day." }),
    name: t.string({ required: true, description: "What they are called, 1–200 characters." }),
    description: t.string({ description: "What is said of them, at most 2,000 characters." }),
    keywords: t.stringList({ description: "Words about them, at most 50." }),
    persona: t.field({ type: AudienceFilter, description: "For whom; without one they are skipped, and say so." }),
    priority: t.int({ description: "The highest wins a member; 0 unless given." }),
  }),
});

refusable("addHotGoods", {
  description:
    "Writes down goods of days, all of them or none. What is there of the same day and goods is replaced, until it " +
    "is decided on. They go out without further approval, so it takes an approver.",
  scopes: approvers,
  result: AddedType,
  refusals: {},
  input: (t) => ({
    rows: t.field({ type: [RowInput], required: true, description: "The goods, at most 5,000." }),
    shop: newShopField(t, makersShop),
  }),
  resolve: ({ rows, shop }, ctx) =>
    addGoods(ctx, {
      rows: rows.map(({ date, description, keywords, persona, priority, ...row }, i) => ({
        ...row,
        day: date,
        description: description ?? "",
        keywords: [...(keywords ?? [])],
        persona: persona ? toFilter(persona, `rows.${i}.persona`) : null,
        priority: priority ?? 0,
      })),
      shop: shop ?? undefined,
    }),
});

refusable("importHotGoods", {
  description:
    "Writes down the goods of a CSV text of up to about 900,000 characters or of a workbook (XLSX), all of them or " +
    "none; larger files go to POST /hot-goods, with `?name=` and, where need be, `shop=` and `encoding=gb18030`. It " +
    "has the headings date, goods, name and, where there are any, description, keywords (with commas between), " +
    "persona (a filter as JSON, in the form of `AudienceFilter`), priority. Faults are told by row and column.",
  scopes: approvers,
  result: AddedType,
  refusals: {},
  input: (t) => ({
    name: t.string({ required: true, description: "Name of the file." }),
    csv: t.string({ description: "Its text." }),
    xlsx: t.string({ description: xlsxDescription }),
    shop: newShopField(t, makersShop),
  }),
  resolve: ({ name, csv, xlsx, shop }, ctx) => {
    const content = fileContent({ csv, xlsx });
    if (isRefusal(content)) return content;
    const file = { name, content };
    return importGoods(ctx, { file, shop: shop ?? undefined, personaOf });
  },
});

refusable("setHotGoodsPlan", {
  description:
    "Says when and how a shop tells of its goods of the day; the whole of it is replaced. Texts may say " +
    "`{{ goods.name }}`, `{{ goods.description }}`, `{{ goods.keywords }}` and `{{ goods.id }}`. It goes out without " +
    "further approval, so it takes an approver.",
  scopes: approvers,
  result: PlanType,
  refusals: { CONFLICT: true, RATE_LIMITED: true, TOO_COSTLY: true },
  input: (t) => ({
    hour: t.int({ required: true, description: "At which hour, 0–23." }),
    zone: t.string({ description: "By the clock of this zone (IANA); the shop's unless given." }),
    enabled: t.boolean({ defaultValue: true, description: "Whether anybody is told." }),
    ...pushFields(t, "hot goods"),
    shop: newShopField(t, makersShop),
  }),
  resolve: ({ hour, zone, enabled, shop, ...said }, ctx) =>
    setPlan(ctx, {
      hour,
      zone: zone ?? undefined,
      enabled: enabled ?? true,
      push: pushOf(said),
      shop: shop ?? undefined,
    }),
});
