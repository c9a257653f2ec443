import { type LeftOut, leftOutRows } from "../../distribution/left-out.ts";
import { type RowWords, rowWords } from "../../distribution/report-words.ts";
import { membersBySeq } from "../../member/member.ts";
import { builder, type Types } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { languageArg, toldIn } from "../kit/money.ts";
import { MemberType } from "../member/member-type.ts";
import { DistributionType } from "./distribution-type.ts";
import { CauseEnum, OutcomeEnum } from "./enums.ts";

const viewers = { role: "viewer" } as const;
const editors = { role: "editor" } as const;

/** With the headings of its table. */
interface TableRow extends LeftOut {
  readonly header: readonly string[];
}

/** What {@link rowWords} says, one of it to a field. */
function saidField(
  t: PothosSchemaTypes.ObjectFieldBuilder<Types, TableRow>,
  which: keyof RowWords,
  description: string,
) {
  return t.string({
    description,
    args: { language: t.arg.string({ description: languageArg }) },
    resolve: (row, { language }, { ctx }) => rowWords(row, row.header, toldIn(ctx, language))[which],
  });
}

const LeftOutType = builder.objectRef<TableRow>("DistributionRow").implement({
  description: "A row of a distribution's file that gets no coupon: predicted until its turn comes, then true.",
  authScopes: viewers,
  fields: (t) => ({
    row: t.exposeInt("row", { description: "As a spreadsheet counts: the header is row 1." }),
    outcome: t.expose("outcome", { type: OutcomeEnum, description: "What became of it." }),
    cause: t.expose("cause", { type: CauseEnum, nullable: true, description: "Why, where there are several causes." }),
    column: t.exposeInt("column", {
      nullable: true,
      description: "The column of the cell that is to blame, from 1; null for the row as a whole.",
    }),
    message: t.exposeString("message", { nullable: true, description: "What is wrong with that cell." }),
    otherRow: t.exposeInt("other", { nullable: true, description: "The first row of the same member." }),
    place: saidField(t, "place", "Where, in words, with the column as a spreadsheet and the file name it."),
    why: saidField(t, "cause", "Why it gets none, in words."),
    whatToDo: saidField(t, "todo", "What can be done about it, in words."),
    cells: t.stringList({
      nullable: true,
      description: "The row as it was; empty once its member was erased. Null for viewers, as its report is.",
      authScopes: editors,
      resolve: ({ cells }) => [...cells],
    }),
    member: t.loadable({
      type: MemberType,
      nullable: true,
      description: "The member whom it names; null where it names none who is there.",
      resolve: ({ member }) => member,
      load: (seqs: number[], { ctx }) => membersBySeq(ctx, seqs),
    }),
  }),
});

connectionField(DistributionType, "leftOut", LeftOutType, {
  description: "The rows that get no coupon, in the order of the file; of the others each got one, or is to.",
  scopes: viewers,
  args: (arg) => ({ outcome: arg({ type: OutcomeEnum, description: "Only those that end so." }) }),
  cursor: ({ row }) => row,
  list: async (ctx, { outcome, ...page }, { id, header }) => {
    const rows = await leftOutRows(ctx, { ...page, distribution: id, outcome: outcome ?? undefined });
    return rows.map((row) => ({ ...row, header: header ?? [] }));
  },
});
