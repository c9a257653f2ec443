import { Database } from "bun:sqlite";

// A process that holds a database's write lock from its first line of output until a line of input comes, then commits.
// It has to be a process of its own: two SQLite libraries in one process do not see each other's locks.

const [path = "", statement = ""] = Bun.argv.slice(2);
const db = new Database(path);
db.run("BEGIN IMMEDIATE");
db.run(statement);
console.log("holding");
for await (const _ of console) break;
db.run("COMMIT");
db.close();
