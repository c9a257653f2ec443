import { sql } from "drizzle-orm";
import { z } from "zod";
import { type AudienceTerm, defineTerm, idOf } from "../audience/term.ts";
import { isOwnRow } from "../shop.ts";
import { blockOfCoupon, distributionOfCoupon, isOfAny } from "./rows.ts";

/** What distributions know of members; as long as it is kept whom they gave what. */
export const distributionTerms: readonly AudienceTerm[] = [
  defineTerm({
    name: "distribution",
    description: "Members whom a file gave a coupon, until its rows are forgotten.",
    schema: z.strictObject({ row: idOf("Distribution").describe("The distribution.") }),
    indexed: () => true,
    compile: ({ row }, env) => {
      const isThere = sql`${isOwnRow(env.shop, sql`distribution`, sql`${row}`)}
        AND EXISTS (SELECT 1 FROM distribution kept WHERE kept.id = ${row} AND kept.forgotten_at IS NULL)`;
      if (env.from === "index")
        return sql`(${isThere} AND m.seq IN (
          SELECT g.member FROM distribution_block b
            CROSS JOIN distribution_given g ON g.distribution = b.distribution AND g.block = b.to_row
          WHERE b.distribution = ${row} AND b.state = 'DONE'))`;
      return sql`(${isThere} AND EXISTS (
        SELECT 1 FROM distribution d CROSS JOIN coupon h ON h.member = m.seq AND h.template = d.template
          CROSS JOIN distribution_given g ON g.distribution = d.id AND g.block = ${blockOfCoupon} AND g.member = m.seq
        WHERE d.id = ${row} AND ${isOfAny} AND ${distributionOfCoupon} = d.id))`;
    },
  }),
];
