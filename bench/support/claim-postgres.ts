import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const schema = `
  CREATE TABLE template (id int PRIMARY KEY, stock bigint NOT NULL);
  CREATE TABLE coupon (
    id bigserial PRIMARY KEY, template int NOT NULL, member bigint NOT NULL, token text NOT NULL UNIQUE,
    at timestamptz NOT NULL);
  CREATE INDEX ON coupon (member, template);
  INSERT INTO template VALUES (1, 1000000000);`;
const transaction = `
\\set member random(1, 1000000000)
BEGIN;
UPDATE template SET stock = stock - 1 WHERE id = 1 AND stock > 0;
INSERT INTO coupon (template, member, token, at) VALUES (1, :member, gen_random_uuid()::text, now());
END;`;

/**
 * Claims per second of a plain PostgreSQL: the conditional UPDATE of one stock row and an INSERT, by pgbench over a
 * unix socket, with `fsync` and `synchronous_commit` on as installed. Undefined where PostgreSQL is not installed.
 */
export async function pgbenchClaims(settings: { connections: number; seconds: number }): Promise<object | undefined> {
  const bin = binaries();
  if (!bin || !Bun.which("pgbench")) return undefined;
  const dir = mkdtempSync(join(tmpdir(), "fanfare-postgres-"));
  const asPostgres = process.getuid?.() === 0 ? ["runuser", "-u", "postgres", "--"] : [];
  const run = (...command: string[]) => finished([...asPostgres, ...command], dir);
  try {
    await finished(["chmod", "777", dir], dir);
    await run(join(bin, "initdb"), "-D", join(dir, "data"), "-U", "bench", "-A", "trust");
    const options = `-k ${dir} -c listen_addresses='' -c max_connections=${settings.connections + 10}`;
    await run(join(bin, "pg_ctl"), "-D", join(dir, "data"), "-o", options, "-l", join(dir, "log"), "-w", "start");
    try {
      const there = ["-h", dir, "-U", "bench"];
      await run("psql", ...there, "-d", "postgres", "-q", "-c", schema);
      writeFileSync(join(dir, "claim.sql"), transaction);
      const flags = ["-n", "-f", join(dir, "claim.sql"), "-c", String(settings.connections), "-j", "2"];
      const said = await run("pgbench", ...there, ...flags, "-T", String(settings.seconds), "postgres");
      const perSecond = Math.round(Number(/tps = ([\d.]+)/.exec(said)?.[1]));
      return { claimsPerSecond: perSecond, version: (await run(join(bin, "postgres"), "--version")).trim() };
    } finally {
      await run(join(bin, "pg_ctl"), "-D", join(dir, "data"), "-m", "immediate", "stop");
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Where Debian keeps the server's binaries. */
function binaries(): string | undefined {
  const found = [...new Bun.Glob("*/bin/initdb").scanSync("/usr/lib/postgresql")].sort().at(-1);
  return found && join("/usr/lib/postgresql", found, "..");
}

async function finished(command: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${await new Response(child.stderr).text()}`);
  return text;
}
