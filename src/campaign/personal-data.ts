import { sql } from "drizzle-orm";
import type { PersonalData } from "../context.ts";
import { forgetProviderIds, sendsOf } from "./ledger/member-sends.ts";
import { forgetWhyTested } from "./rehearsal/test-send.ts";

/** What campaigns hold about a member. Erasing takes out what providers know a send by; the states stay. */
export const campaignPersonalData: readonly PersonalData[] = [
  {
    name: "sends",
    table: "send",
    rows: (member) => sql`
      SELECT r.campaign, s.run, s.channel, s.state, s.reason, s.at, s.progress FROM ${sendsOf(member)}
      WHERE r.frozen IS NOT NULL`,
    erase: (member) => [forgetProviderIds(member), forgetWhyTested(member)],
  },
  {
    name: "zoneMoves",
    table: "zone_move",
    rows: (member) => sql`SELECT run FROM zone_move WHERE member = ${member}`,
    erase: (member) => [sql`DELETE FROM zone_move WHERE member = ${member}`],
  },
  {
    name: "responses",
    table: "response",
    rows: (member) => sql`
      SELECT r.campaign, p.run, p.opened, p.clicked, p.claimed, p.redeemed
      FROM run r CROSS JOIN response p ON p.run = r.id AND p.member = ${member}`,
    // As with her sends: what was done stays, by nobody.
    erase: () => [],
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
    name: "caps",
    table: "pressure",
    rows: (member) => sql`SELECT channel, day, n FROM pressure WHERE member = ${member}`,
    erase: (member) => [sql`DELETE FROM pressure WHERE member = ${member}`],
  },
];
