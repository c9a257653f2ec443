import { isRefusal } from "../../errors.ts";
import { importMembers } from "../../member/import.ts";
import { knownFields } from "../../member/import-columns.ts";
import type { ImportFault } from "../../member/import-rows.ts";
import { type ImportTask, importFaults, importsById, keptFaults, listImports } from "../../member/import-task.ts";
import { fileContent, xlsxDescription } from "../files/table-input.ts";
import { workbookType } from "../files/upload.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { historyField } from "../transition/history.ts";

const readers = { platform: "viewer", service: "members:write" } as const;

const ImportState = builder.enumType("ImportState", {
  description: "How far an import is.",
  values: {
    RUNNING: { value: "running", description: "Under way, or interrupted: the same file goes on where it stopped." },
    DONE: { value: "done", description: "Every row was dealt with." },
    FAILED: { value: "failed", description: "The file has too many rows; the last fault says where it ends." },
  } as const satisfies Record<Uppercase<ImportTask["state"]>, { value: ImportTask["state"]; description: string }>,
});

const FaultType = builder.objectRef<ImportFault>("ImportFault").implement({
  description: "A fault of a file.",
  authScopes: readers,
  fields: (t) => ({
    row: t.exposeInt("row", { description: "The row; the header is row 1." }),
    column: t.exposeInt("column", { nullable: true, description: "The column from 1; null for the row as a whole." }),
    message: t.exposeString("message", { description: "What is wrong there." }),
  }),
});

export const ImportType = builder.node(builder.objectRef<ImportTask>("MemberImport"), {
  description: "An import of members from a file.",
  authScopes: readers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => importsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Name of the file." }),
    state: t.expose("state", { type: ImportState, description: "How far it is." }),
    encoding: t.exposeString("encoding", {
      nullable: true,
      description: "What the bytes of the file were read as, e.g. `utf-8` or `gb18030`.",
    }),
    encodingGuessed: t.exposeBoolean("encodingGuessed", {
      description: "Whether that was guessed. Where the guess is wrong, import the file again and say its encoding.",
    }),
    rows: t.exposeInt("rows", { description: "Rows dealt with so far, the header not counted." }),
    created: t.exposeInt("created", { description: "Rows that made a new member." }),
    updated: t.exposeInt("updated", { description: "Rows that changed a member." }),
    unchanged: t.exposeInt("unchanged", { description: "Rows of members who were so already." }),
    faulty: t.exposeInt("faulty", { description: "Rows left out because of a fault." }),
    faultCount: t.exposeInt("faults", { description: "Faults found, all of them." }),
    faults: t.field({
      type: [FaultType],
      description: `The first faults, at most ${keptFaults.toLocaleString("en")}.`,
      complexity: { field: 1, multiplier: 20 },
      args: { first: t.arg.int({ description: `How many at most; ${keptFaults} unless given.` }) },
      resolve: ({ id }, { first }, { ctx }) => importFaults(ctx, id, first ?? undefined),
    }),
    startedAt: t.expose("startedAt", { type: "DateTime", description: "When it began." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it last made progress." }),
    history: t.field({ ...historyField("import"), nullable: true, authScopes: { role: "viewer" } }),
  }),
});

connectionField("Query", "memberImports", ImportType, {
  description: "Imports of members, the newest first.",
  scopes: readers,
  cursor: ({ id }) => id,
  list: listImports,
});

/** What a heading of a file means. */
export const HeadingInput = builder.inputType("ImportHeadingInput", {
  description: "What a heading means.",
  fields: (t) => ({
    heading: t.string({ required: true, description: "The heading, as the file has it." }),
    field: t.string({ required: true, description: "The field, or `-` to leave the column out." }),
  }),
});

refusable("importMembers", {
  description:
    "Imports members from CSV text or a workbook (XLSX) of up to about 900,000 characters; larger files go to POST " +
    `/imports as text/csv or ${workbookType}, ` +
    "with `?name=`, `heading=Nr=externalId` for each heading that is not named after a field, and `encoding=gb18030` " +
    "where it is known. Blank rows are skipped; faulty rows are left out and told by row and column.",
  scopes: { platform: "editor", service: "members:write" },
  result: ImportType,
  refusals: { CONFLICT: true },
  input: (t) => ({
    name: t.string({ required: true, description: "Name of the file." }),
    csv: t.string({ description: `Its text; the first row names the fields: ${knownFields}.` }),
    xlsx: t.string({ description: xlsxDescription }),
    headings: t.field({ type: [HeadingInput], description: "Headings that are not named after a field." }),
  }),
  resolve: ({ name, csv, xlsx, headings }, ctx) => {
    const content = fileContent({ csv, xlsx });
    if (isRefusal(content)) return content;
    const names = Object.fromEntries((headings ?? []).map(({ heading, field }) => [heading, field]));
    return importMembers(ctx, { name, content }, { names });
  },
});
