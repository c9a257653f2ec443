import Database from "libsql";
import { refusalOf } from "./hrana-refusals.ts";

/**
 * Preloaded by bunfig.toml: whatever statement a test sends to a file must be one that a remote database takes, too.
 * Connections to files set their own pragmas, and tests copy files.
 */
const filesAlone = /^\s*(PRAGMA|VACUUM INTO)\b/i;
const taken = new Set<string>();

Database.prototype.prepare = new Proxy(Database.prototype.prepare, {
  apply(prepare, connection, [sql]: [string]) {
    if (!taken.has(sql)) refuse(sql);
    taken.add(sql);
    return Reflect.apply(prepare, connection, [sql]);
  },
});

function refuse(sql: string): void {
  const why = filesAlone.test(sql) ? undefined : refusalOf(sql);
  if (why) throw new Error(`a remote database refuses this statement, for ${why}: ${sql}`);
}
