import { distributionsById } from "../../distribution/distribution.ts";
import { rowWords } from "../../distribution/report-words.ts";
import { mostRowsOfMember, type RowOfMember, rowsOfMember } from "../../distribution/rows-of-member.ts";
import { builder } from "../kit/builder.ts";
import { languageArg, toldIn } from "../kit/money.ts";
import { MemberType } from "../member/member-type.ts";
import { DistributionType } from "./distribution-type.ts";
import { CauseEnum, OutcomeEnum } from "./enums.ts";

const viewers = { role: "viewer" } as const;

const RowOfMemberType = builder.objectRef<RowOfMember>("MemberDistributionRow").implement({
  description: "A row of a file that names a member, and what became of it.",
  authScopes: viewers,
  fields: (t) => ({
    row: t.exposeInt("row", { description: "As a spreadsheet counts: the header is row 1." }),
    outcome: t.expose("outcome", { type: OutcomeEnum, description: "What became of it." }),
    cause: t.expose("cause", { type: CauseEnum, nullable: true, description: "Why, where there are several causes." }),
    otherRow: t.exposeInt("other", { nullable: true, description: "The first row of the same member." }),
    why: t.string({
      nullable: true,
      description: "Why it gave none, in words; null where it gave one.",
      args: { language: t.arg.string({ description: languageArg }) },
      resolve: (row, { language }, { ctx }) =>
        row.outcome === "ISSUED" ? null : rowWords(row, [], toldIn(ctx, language)).cause,
    }),
    distribution: t.loadable({
      type: DistributionType,
      description: "Whose file it is a row of.",
      resolve: ({ distribution }) => distribution,
      load: async (ids: number[], { ctx }) =>
        (await distributionsById(ctx, ids)).map((row, i) => row ?? new Error(`no distribution ${ids[i]}`)),
    }),
  }),
});

builder.objectField(MemberType, "distributions", (t) =>
  t.field({
    type: [RowOfMemberType],
    nullable: true,
    authScopes: viewers,
    description:
      `The rows of files that gave the member a coupon, or were left out, of the newest first, at most ` +
      `${mostRowsOfMember}; null for members.`,
    complexity: { field: 5, multiplier: 10 },
    resolve: ({ seq }, _args, { ctx }) => rowsOfMember(ctx, seq),
  }),
);
