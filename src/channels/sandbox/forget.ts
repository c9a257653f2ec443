import type { Database } from "bun:sqlite";

/**
 * Takes the address and the words out of a member's deliveries, those to come included, and out of the file: nothing of
 * them is left in free pages or in the log of writes. That there were so many deliveries stays.
 */
export function forgetMember(db: Database, member: number): void {
  db.run("PRAGMA secure_delete = ON");
  db.transaction(() => {
    db.run("INSERT OR IGNORE INTO forgotten VALUES (?)", [member]);
    db.run(
      "UPDATE content SET parts = '{}', unsubscribe = NULL WHERE seq IN (SELECT seq FROM delivery WHERE member = ?)",
      [member],
    );
    db.run("UPDATE delivery SET recipient = '[]' WHERE member = ?", [member]);
  }).immediate();
  db.run("PRAGMA secure_delete = OFF");
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
}
