import { type Funnel, funnelsOfCampaigns, funnelsOfRuns } from "../../campaign/progress/funnel.ts";
import { builder } from "../kit/builder.ts";
import { CampaignType } from "./campaign-type.ts";
import { RunType } from "./run-type.ts";

const viewers = { role: "viewer" } as const;

const FunnelType = builder.objectRef<Funnel>("Funnel").implement({
  description:
    "What came of what was sent, in members: each counts once a run, by whichever channels and however often. Costs " +
    "the same at any size.",
  authScopes: viewers,
  fields: (t) => ({
    matched: t.exposeInt("matched", { description: "Members in written pages." }),
    sent: t.exposeInt("sent", { description: "Of these, whose message a provider or an inbox took." }),
    opened: t.exposeInt("opened", {
      description: "Who opened it, read it in the inbox, saw it as a popup, or followed or claimed by its link.",
    }),
    clicked: t.exposeInt("clicked", { description: "Who followed a link in it, or claimed by it." }),
    claimed: t.exposeInt("claimed", {
      description: "Who claimed the coupon by its own link; where the run gives coupons, to whom it gave one.",
    }),
    redeemed: t.exposeInt("redeemed", {
      description: "Whose coupon of it is used on an order; one that a refund gave back is used no more.",
    }),
  }),
});

builder.objectField(RunType, "funnel", (t) =>
  t.loadable({
    type: FunnelType,
    nullable: true,
    description: "What came of it; null until it begins, and of runs that began before this was counted.",
    authScopes: viewers,
    resolve: ({ id }) => id,
    load: async (ids: number[], { ctx }) => (await funnelsOfRuns(ctx, ids)).map((funnel) => funnel ?? null),
  }),
);

builder.objectField(CampaignType, "funnel", (t) =>
  t.loadable({
    type: FunnelType,
    nullable: true,
    description: "What came of all its runs: who was in two of them counts twice. Null until the first begins.",
    authScopes: viewers,
    resolve: ({ id }) => id,
    load: async (ids: number[], { ctx }) => (await funnelsOfCampaigns(ctx, ids)).map((funnel) => funnel ?? null),
  }),
);
