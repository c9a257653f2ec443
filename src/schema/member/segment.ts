import {
  countSegments,
  createSegment,
  deleteSegment,
  listSegments,
  type Segment,
  segmentsById,
  updateSegment,
} from "../../member/segment.ts";
import { AudienceFilter, fromFilter, toFilter } from "../kit/audience-filter.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { listArgs, listedOf } from "../kit/list-order.ts";
import { refusable } from "../kit/refusable.ts";
import { makersShop, newShopField, shopArgs, shopOfThing } from "../kit/shop.ts";
import { historyField } from "../transition/history.ts";

const viewers = { role: "viewer" } as const;
const editors = { role: "editor" } as const;

export const SegmentType = builder.node(builder.objectRef<Segment>("Segment"), {
  description: "A filter saved under a name.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => segmentsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    shop: t.exposeString("shop", { description: shopOfThing }),
    name: t.exposeString("name", { description: "Its name, 1–200 characters, unique within its shop." }),
    filter: t.field({
      type: "JSON",
      description: "The filter, in the form of `AudienceFilter`.",
      resolve: ({ filter }) => fromFilter(filter),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it was last changed." }),
    history: t.field(historyField("segment")),
  }),
});

connectionField("Query", "segments", SegmentType, {
  description: "Segments.",
  scopes: viewers,
  args: (arg) => ({ ...shopArgs(arg), ...listArgs(arg, "OLDEST") }),
  cursor: ({ id }) => id,
  list: (ctx, { shop, after, limit, search, order }) => {
    const listed = listedOf({ search, order: order ?? "OLDEST" });
    return listSegments(ctx, { ...listed, shop: shop ?? undefined, after, limit });
  },
  count: (ctx, { shop, ...listed }) => countSegments(ctx, { ...listedOf(listed), shop: shop ?? undefined }),
});

refusable("createSegment", {
  description: "Saves a filter under a name of its own.",
  scopes: editors,
  result: SegmentType,
  refusals: { CONFLICT: true },
  input: (t) => ({
    name: t.string({ required: true, description: "Its name, 1–200 characters, unique within its shop." }),
    shop: newShopField(t, makersShop),
    filter: t.field({ type: AudienceFilter, required: true, description: "Whom it selects." }),
  }),
  resolve: ({ name, shop, filter }, ctx) =>
    createSegment(ctx, { name, shop: shop ?? undefined, filter: toFilter(filter, "filter") }),
});

refusable("updateSegment", {
  description: "Changes a segment's name or filter; launched campaigns keep the filter they had.",
  scopes: editors,
  result: SegmentType,
  refusals: { CONFLICT: true, NOT_FOUND: true },
  input: (t) => ({
    segmentId: t.globalID({ for: SegmentType, required: true, description: "Which one." }),
    name: t.string({ description: "Its new name; without one it keeps its name." }),
    filter: t.field({ type: AudienceFilter, description: "Its new filter; without one it keeps its filter." }),
  }),
  resolve: ({ segmentId, name, filter }, ctx) => {
    const changed = { name: name ?? undefined, filter: filter ? toFilter(filter, "filter") : undefined };
    return updateSegment(ctx, { id: toRowId(segmentId.id), ...changed });
  },
});

refusable("deleteSegment", {
  description: "Deletes a segment; launched campaigns keep the filter they had.",
  scopes: editors,
  result: SegmentType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({ segmentId: t.globalID({ for: SegmentType, required: true, description: "Which one." }) }),
  resolve: ({ segmentId }, ctx) => deleteSegment(ctx, toRowId(segmentId.id)),
});
