import { type SQL, sql } from "drizzle-orm";
import type { PersonalData } from "../context.ts";

/** A member's rows of the ledger, found run by run along its key: there is no index by member, it would slow every page. */
function sendsOf(member: number): SQL {
  return sql`run r CROSS JOIN json_each(r.frozen, '$.channels') c
    CROSS JOIN send s ON s.run = r.id AND s.channel = c.value AND s.member = ${member}`;
}

/** What campaigns hold about a member. Erasing takes out what the provider knows a send by; the states stay, and with them every sum. */
export const campaignPersonalData: readonly PersonalData[] = [
  {
    name: "sends",
    table: "send",
    rows: (member) => sql`
      SELECT r.campaign, s.run, s.channel, s.state, s.reason, s.at, s.progress FROM ${sendsOf(member)} WHERE r.frozen IS NOT NULL`,
    erase: (member) => [
      sql`
        UPDATE send SET provider_id = NULL WHERE member = ${member}
          AND (run, channel) IN (SELECT r.id, c.value FROM run r, json_each(r.frozen, '$.channels') c WHERE r.frozen IS NOT NULL)`,
    ],
  },
  {
    name: "inbox",
    table: "inbox",
    rows: (member) => sql`SELECT run, at, read_at, deleted_at FROM inbox WHERE member = ${member}`,
    erase: (member) => [sql`DELETE FROM inbox WHERE member = ${member}`],
  },
  {
    name: "popups",
    table: "popup",
    rows: (member) => sql`SELECT run, at, shown_at FROM popup WHERE member = ${member}`,
    erase: (member) => [sql`DELETE FROM popup WHERE member = ${member}`],
  },
  {
    name: "pressure",
    table: "pressure",
    rows: (member) => sql`SELECT channel, day, n FROM pressure WHERE member = ${member}`,
    erase: (member) => [sql`DELETE FROM pressure WHERE member = ${member}`],
  },
];
