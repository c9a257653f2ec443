import { type WhyDistributed, whyDistributed } from "../../distribution/why.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { unwrap } from "../kit/unwrap.ts";
import { memberArgs, memberNamed } from "../member/member-key.ts";
import { DistributionType } from "./distribution-type.ts";

const viewers = { role: "viewer" } as const;

const WhyDistributedType = builder.objectRef<WhyDistributed>("WhyDistributed").implement({
  description: "What a distribution did for a member.",
  authScopes: viewers,
  fields: (t) => ({
    summary: t.exposeString("summary", { description: "In words, with the file and the row." }),
    row: t.exposeInt("row", {
      nullable: true,
      description:
        "The row that decided, the header being row 1; null where none named the member, or they are kept no more.",
    }),
  }),
});

builder.queryField("whyDistributed", (t) =>
  t.field({
    type: WhyDistributedType,
    description: "Why a member got a distribution's coupon or did not, in words, with the file and the row.",
    authScopes: viewers,
    args: {
      distributionId: t.arg.globalID({ for: DistributionType, required: true, description: "Which distribution." }),
      ...memberArgs(t.arg),
    },
    resolve: async (_root, { distributionId, ...named }, { ctx }) => {
      const member = unwrap(await memberNamed(ctx, named));
      return unwrap(await whyDistributed(ctx, { distribution: toRowId(distributionId.id), member }));
    },
  }),
);
