import { needsApproval } from "../../campaign/refusals.ts";
import { refusalType } from "../kit/refusal-type.ts";

refusalType("NeedsApproval", needsApproval, {
  code: "NEEDS_APPROVAL",
  description: "A second person must approve it first.",
  fields: (t) => ({ limit: t.exposeInt("limit", { description: "Up to how many members it needs no approval." }) }),
});
