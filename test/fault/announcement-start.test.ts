import { Database as Sqlite } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { approvePromotion } from "../../src/campaign/announcement/approve.ts";
import { updatePromotion } from "../../src/campaign/announcement/edit.ts";
import { enablePromotion } from "../../src/campaign/announcement/enable.ts";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import type { Context } from "../../src/context.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { isRefusal } from "../../src/errors.ts";
import { addPromotion, announcementRuns, versionRead, withLimits } from "../support/announcements.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { faultsOf } from "../support/ledger.ts";
import { counted, isLong } from "../support/length.ts";
import { approvingAbove, as } from "../support/persons.ts";
import { accepted, addMembers } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { killable, ofAnySize } from "../support/victim.ts";
import { until } from "../support/wait.ts";

const members = counted(40, 1_000);
const rounds = counted(1, 12);
const patienceMs = counted(60_000, 300_000);
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);
const byMail = { announcement: { channels: ["EMAIL"] } } as const;

interface Edit {
  readonly words: number;
  readonly asked: number;
  readonly done: number;
}

interface Started {
  readonly state: string;
  readonly startedAt: number | null;
}

async function runOf(db: RootDatabase, run: number): Promise<Started> {
  const row = await db.first<Started>(sql`SELECT state, started_at AS startedAt FROM run WHERE id = ${run}`);
  return row ?? { state: "GONE", startedAt: null };
}

const isOver = async (db: RootDatabase, run: number) => (await runOf(db, run)).state === "COMPLETED";

/** What the mails of a run say, each once: the numbers of the words and the amounts off. */
function saidIn(sandboxPath: string, run: number): { words: number[]; off: string[] } {
  const log = new Sqlite(sandboxPath, { readonly: true });
  const rows = log
    .query<{ parts: string }, [string]>("SELECT parts FROM delivered WHERE ref LIKE ? || ':%'")
    .all(String(run));
  log.close();
  const each = (pattern: RegExp) => [...new Set(rows.map(({ parts }) => pattern.exec(parts)?.[1] ?? "nothing"))];
  return { words: each(/words (\d+)/).map(Number), off: each(/€(\d+) off/) };
}

test(
  `I7 I8 I10 ${rounds} × enabled by eight, edited while it starts, approved of while edited, kill -9 in between`,
  async () => {
    const dataDir = tempDir();
    const db = await openTestDatabase(join(dataDir, "fanfare.db"));
    await addMembers(db, members);
    const shop = withLimits(ofAnySize(testContext(db)));
    const server = killable(dataDir, { seed, env: { PAGE_SIZE: "20", BATCH_WINDOW: "1", LEASE_SECONDS: "1" } });
    const random = seededRandom(seed);
    const killed = async () => {
      await server.kill();
      server.start();
    };
    const scene = { db, sandboxPath: join(dataDir, "sandbox.db"), random, killed };
    server.start();
    try {
      const outcomes: string[] = [];
      for (let round = 0; round < rounds; round++) {
        await editedWhileItStarts(as(shop, "Kim", 1), scene);
        outcomes.push(await approvedWhileEdited(as(shop, "Kim", 1), as(shop, "Ada", 2), scene));
      }
      console.log(`${members} members, seed ${seed}: ${outcomes.join(", ")}`);
    } finally {
      await server.kill();
      await db.close();
    }
  },
  rounds * patienceMs,
);

interface Scene {
  readonly db: RootDatabase;
  readonly sandboxPath: string;
  readonly random: () => number;
  killed(): Promise<void>;
}

/** It tells what was written when it began, neither older nor newer words; everyone, once, however often enabled. */
async function editedWhileItStarts(kim: Context, { db, sandboxPath, random, killed }: Scene): Promise<void> {
  const id = await addPromotion(kim, { startsAt: Math.round(kim.clock() + 150 + random() * 300), remark: "words 0" });
  const enabled = await Promise.all(Array.from({ length: 8 }, () => enablePromotion(kim, { id, ...byMail })));
  expect(enabled.filter(isRefusal).map(({ code }) => code)).toEqual(enabled.filter(isRefusal).map(() => "CONFLICT"));
  const [run = 0, ...more] = await announcementRuns(db, id);
  expect(more).toEqual([]);
  const edits: Edit[] = [];
  const edit = async () => {
    const [words, asked] = [edits.length + 1, kim.clock()];
    accepted(await updatePromotion(kim, { id, draft: { remark: `words ${words}` } }));
    edits.push({ words, asked, done: kim.clock() });
  };
  const killAt = random() * 8;
  for (let n = 0; (await runOf(db, run)).state === "PENDING"; n++) {
    await edit();
    if (Math.floor(killAt) === n) await killed();
    await Bun.sleep(random() * 30); // at any moment of the start
  }
  await edit();
  await until(() => isOver(db, run), patienceMs, "everyone to be told");
  const { startedAt } = await runOf(db, run);
  const said = saidIn(sandboxPath, run).words;
  const before = edits.findLast(({ done }) => done < (startedAt ?? 0))?.words ?? 0;
  const after = edits.findLast(({ asked }) => asked <= (startedAt ?? 0))?.words ?? 0;
  expect(said).toHaveLength(1);
  expect([before <= (said[0] ?? -1), (said[0] ?? -1) <= after]).toEqual([true, true]);
  expect(await faultsOf(db, sandboxPath, run)).toEqual([]);
}

/** Either what was read is approved, and told; or it was edited before, and nobody is told anything. */
async function approvedWhileEdited(kim: Context, ada: Context, { db, sandboxPath, random, killed }: Scene) {
  const [asks, decides] = [approvingAbove(kim, 1), approvingAbove(ada, 1)];
  const id = await addPromotion(asks, {});
  accepted(await enablePromotion(asks, { id, ...byMail }));
  const version = await versionRead(decides, id);
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: 4_000 }] };
  const soon = () => Bun.sleep(random() * 4); // either may come first
  const [approved] = await Promise.all([
    soon().then(() => approvePromotion(decides, { id, version })),
    soon().then(() => updatePromotion(asks, { id, draft: { rule } })),
    isLong && soon().then(killed),
  ]);
  const [run, ...more] = await announcementRuns(db, id);
  expect(more).toEqual([]);
  if (isRefusal(approved)) {
    expect([approved.code, run]).toEqual(["CONFLICT", undefined]);
    return "edited first";
  }
  await until(() => isOver(db, run ?? 0), patienceMs, "everyone to be told");
  expect(saidIn(sandboxPath, run ?? 0).off).toEqual(["30"]);
  expect(await faultsOf(db, sandboxPath, run ?? 0)).toEqual([]);
  return "approved first";
}
