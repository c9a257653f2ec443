import { sql } from "drizzle-orm";
import { z } from "zod";
import { allOf, asksNothing, asksSomething, defineTerm, listOf, oneOf } from "../audience/term.ts";
import { tag } from "../value/tag.ts";

/** Conditions on the member's tags. */
export const tagTerm = defineTerm({
  name: "tag",
  description: "The member's tags.",
  schema: z
    .strictObject({
      has: tag().optional().describe("Has this tag."),
      any: listOf(tag()).optional().describe("Has at least one of these tags, at most 1,000."),
      all: listOf(tag()).optional().describe("Has every one of these tags, at most 1,000."),
    })
    .refine(asksSomething, asksNothing)
    .meta({ id: "TagCondition", description: "Conditions on tags; those given must all hold." }),
  indexed: () => true,
  compile: ({ has, any, all }, { from }) => {
    const least = (tags: readonly string[], count: number) =>
      from === "index" ? amongTagged(tags, count) : hasTags(tags, count);
    const every = all && [...new Set(all)];
    return allOf([
      ...(has ? [least([has], 1)] : []),
      ...(any ? [least(any, 1)] : []),
      ...(every ? [least(every, every.length)] : []),
    ]);
  },
});

/** For one member at a time: look-ups in the primary key (member, tag). */
function hasTags(tags: readonly string[], count: number) {
  const held = sql`FROM member_tag t WHERE t.member = m.seq AND ${oneOfTags(tags)}`;
  return count === 1 ? sql`EXISTS (SELECT 1 ${held})` : sql`((SELECT count(*) ${held}) = ${count})`;
}

/** For the whole table: the index (tag, member) names the members. */
function amongTagged(tags: readonly string[], count: number) {
  const tagged = sql`SELECT t.member FROM member_tag t WHERE ${oneOfTags(tags)}`;
  return count === 1
    ? sql`m.seq IN (${tagged})`
    : sql`m.seq IN (${tagged} GROUP BY t.member HAVING count(*) = ${count})`;
}

function oneOfTags(tags: readonly string[]) {
  return tags.length === 1 ? sql`t.tag = ${tags[0]}` : oneOf(sql`t.tag`, tags);
}
