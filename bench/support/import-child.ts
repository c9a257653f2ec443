import { join } from "node:path";
import { sql } from "drizzle-orm";
import { startApp } from "../../src/app.ts";
import { readEnv } from "../../src/env.ts";
import { isRefusal } from "../../src/errors.ts";
import { importMembers } from "../../src/member/import.ts";
import { perMember, spending } from "./spent.ts";

// A file of members into an empty database, as the product takes it: bun import-child.ts <dir> <shape> <members>.

const [dir = "", , total = "0"] = Bun.argv.slice(2);
const members = Number(total);
const app = await startApp(readEnv({ DATA_DIR: dir, PORT: "0", LOG_LEVEL: "error" }));
const file = { name: "members.csv", content: Bun.file(join(dir, "members.csv")) };
const rssMiBAtStart = Math.round(process.memoryUsage.rss() / 1_048_576);

const spent = spending();
const task = await importMembers(app.ctx, file);
const cost = perMember(members, spent());

if (isRefusal(task)) throw new Error(task.message);
const held = await app.ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM member`);
if (task.created !== members || held?.n !== members) throw new Error(`not all were taken: ${JSON.stringify(task)}`);
await app.stop();
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...cost, rssMiBAtStart, peakRssMiB }));
process.exit(0);
