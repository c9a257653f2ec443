import { builder } from "../kit/builder.ts";
import { DistributionType } from "./distribution-type.ts";
import { reporters, reportPath } from "./report.ts";

/** Where reports are, whether there is one or not: that is known when it is taken. */
const urlField = (form: "csv" | "xlsx", what: string) =>
  builder.objectField(DistributionType, form === "csv" ? "reportUrl" : "reportXlsxUrl", (t) =>
    t.string({
      nullable: true,
      description:
        `Where an editor takes the rows that got no coupon ${what}, with the editor's token or session; while it is ` +
        "READY those that would get none. Corrected, it is sent again as a follow-up. Null for others.",
      authScopes: reporters,
      resolve: ({ id }, _args, { ctx }) => `${ctx.settings.publicUrl}${reportPath(id, form)}`,
    }),
  );

urlField("csv", "as CSV");
urlField("xlsx", "as an Excel workbook");
