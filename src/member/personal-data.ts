import { sql } from "drizzle-orm";
import { usualPush } from "../channels/catalog.ts";
import type { PersonalData } from "../context.ts";

/** What is held of a member beside its own row; suppressions are by address, and stay when the person goes. */
export const memberPersonalData: readonly PersonalData[] = [
  {
    name: "tags",
    table: "member_tag",
    rows: (member) => sql`SELECT tag FROM member_tag WHERE member = ${member} ORDER BY tag`,
    show: ({ tag }) => tag,
    erase: (member) => [sql`DELETE FROM member_tag WHERE member = ${member}`],
  },
  {
    name: "pushTokens",
    table: "push_token",
    rows: (member) => sql`SELECT token, channel FROM push_token WHERE member = ${member} ORDER BY channel, token`,
    show: ({ token, channel }) => (channel === usualPush ? token : `${channel}:${token}`),
    erase: (member) => [sql`DELETE FROM push_token WHERE member = ${member}`],
  },
  {
    name: "consent",
    table: "consent",
    rows: (member) => sql`
      SELECT channel, topic, granted, source, at FROM consent WHERE member = ${member} ORDER BY channel, topic`,
    show: (word) => ({ ...word, granted: word.granted === 1 }),
    erase: (member) => [sql`DELETE FROM consent WHERE member = ${member}`],
  },
];
