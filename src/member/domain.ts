import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { memberTerms } from "./audience-terms.ts";
import { memberUnsubscribed } from "./events.ts";
import { memberPersonalData } from "./personal-data.ts";
import { memberKeeps } from "./retention.ts";
import { memberSettings } from "./settings.ts";
import { tables } from "./table.ts";

export const member = defineDomain({
  name: "member",
  about: "Members, what they agreed to, segments, and files of members.",
  tables,
  subjects: {
    member: { type: "Member" },
    import: { type: "MemberImport", about: "an import of members" },
    segment: { type: "Segment", shop: (id) => sql`SELECT s.shop FROM segment s WHERE s.id = ${id}` },
  },
  settings: memberSettings,
  terms: memberTerms,
  events: [{ event: memberUnsubscribed, told: "A member does not want to be written to any more." }],
  personalData: memberPersonalData,
  keeps: memberKeeps,
  scopes: { "members:write": "Add and change members.", "events:write": "Record what members did." },
});
