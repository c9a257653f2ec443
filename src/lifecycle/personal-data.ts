import { sql } from "drizzle-orm";
import type { PersonalData } from "../context.ts";

/** Of what a member was told at days of her own. Erased are they all: nobody is told of them any more. */
export const lifecyclePersonalData: readonly PersonalData[] = [
  {
    name: "lifecycle",
    table: "lifecycle_mark",
    rows: (member) => sql`SELECT policy, occasion, at FROM lifecycle_mark WHERE member = ${member}`,
    erase: (member) => [sql`DELETE FROM lifecycle_mark WHERE member = ${member}`],
  },
];
