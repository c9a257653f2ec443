import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { Query } from "../db/statement.ts";
import { defineEvent, type Outside, recordEach } from "../queue/event/event.ts";
import { outcomes } from "./table.ts";

const rows = z.int().nonnegative();

/** How a distribution stands when it ends; of one that is completed, the outcomes add up to the rows. */
const End = z.object({
  distribution: z.int(),
  template: z.int(),
  /** The name of its file. */
  file: z.string(),
  rows,
  /** Rows by what became of them; of one that failed, none. */
  outcomes: z.object(Object.fromEntries(outcomes.map((outcome) => [outcome, rows] as const))),
});

const outside: Outside<keyof z.infer<typeof End>> = {
  ids: { distribution: "Distribution", template: "CouponTemplate" },
};

/** Every row of a file has its outcome. */
export const distributionCompleted = defineEvent("distribution.completed", 1, End, outside);
/** A file could not be read, or not to its end: nothing of it is issued. */
export const distributionFailed = defineEvent("distribution.failed", 1, End, outside);

/** Records the end of a distribution, right behind the update that may have ended it. */
export function distributionEnded(event: { readonly type: string; readonly version: number }, id: number, now: number) {
  return recordEach(
    event,
    {
      subject: sql`'distribution/' || d.id`,
      data: sql`json_object('distribution', d.id, 'template', d.template, 'file', d.file, 'rows', d.rows,
        'outcomes', json_object(${sql.join(outcomes.map(counted), sql`, `)}))`,
    },
    sql`distribution d WHERE d.id = ${id} AND changes() > 0`,
    now,
  ) satisfies Query;
}

function counted(outcome: string): SQL {
  return sql`${outcome}, coalesce((
    SELECT c.ended FROM distribution_count c WHERE c.distribution = d.id AND c.outcome = ${outcome}), 0)`;
}
