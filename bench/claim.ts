import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pgbenchClaims } from "./support/claim-postgres.ts";
import { type Rig, startRig } from "./support/claim-rig.ts";
import { median, rounded } from "./support/figures.ts";
import { type Load, load } from "./support/load.ts";
import { readRoad } from "./support/requests.ts";

/**
 * Claims per second through `/app` – the token verified, the coupon committed with `synchronous=FULL` before the answer
 * – and refusals per second of a sold-out template, both at 64 connections; beside them, in alternating rounds with the
 * same load generator, the limit: a bare `Bun.serve` handler that runs only the gate script. Where PostgreSQL is
 * installed, its `UPDATE … stock > 0` + `INSERT` by pgbench, too. `--road yoga` sends the text of the operation in
 * place of the id of its trusted document.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "8" },
      rounds: { type: "string", default: "3" },
      members: { type: "string", default: "50000" },
      road: { type: "string", default: "lane" },
      json: { type: "boolean" },
    },
  });
  const settings = { connections: 64, seconds: Number(values.seconds) };
  const road = readRoad(values.road);
  const dir = mkdtempSync(join(tmpdir(), "fanfare-claim-"));
  const rig = await startRig(dir, Number(values.members), road);
  try {
    const rounds: Round[] = [];
    for (let round = 0; round < Number(values.rounds); round++) rounds.push(await measure(rig, settings));
    const result = {
      bench: "claim",
      ...summary(rounds),
      postgres: await pgbenchClaims(settings),
      settings: { ...settings, road },
    };
    if (!values.json) console.error(`${result.claimsPerSecond} claims/s, ${result.ratio} of the bare gate`);
    console.log(JSON.stringify(result));
  } finally {
    await rig.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Round {
  readonly claims: Load & { readonly durable: number };
  readonly refusals: Load;
  readonly gate: Load;
  readonly closedGate: Load;
}

async function measure(rig: Rig, settings: { connections: number; seconds: number }): Promise<Round> {
  const gate = await load(rig.gateUrl("open"), rig.requests("open"), settings);
  const before = await rig.issued();
  const claims = await load(rig.appUrl, rig.requests("open"), settings);
  const durable = ((await rig.issued()) - before) / claims.seconds;
  const closedGate = await load(rig.gateUrl("closed"), rig.requests("closed"), settings);
  const refusals = await load(rig.appUrl, rig.requests("closed"), settings);
  return { claims: { ...claims, durable }, refusals, gate, closedGate };
}

function summary(rounds: readonly Round[]) {
  const ratios = rounds.map(({ claims, gate }) => rounded(claims.durable / gate.perSecond));
  const refusalRatios = rounds.map(({ refusals, closedGate }) => rounded(refusals.perSecond / closedGate.perSecond));
  const of = (pick: (round: Round) => number) => Math.round(median(rounds.map(pick)));
  return {
    claimsPerSecond: of(({ claims }) => claims.durable),
    refusalsPerSecond: of(({ refusals }) => refusals.perSecond),
    gatePerSecond: of(({ gate }) => gate.perSecond),
    closedGatePerSecond: of(({ closedGate }) => closedGate.perSecond),
    ratio: median(ratios),
    ratios,
    refusalRatio: median(refusalRatios),
    refusalRatios,
    latencyMs: {
      claims: {
        p50: median(rounds.map(({ claims }) => claims.p50)),
        p99: median(rounds.map(({ claims }) => claims.p99)),
      },
      refusals: {
        p50: median(rounds.map(({ refusals }) => refusals.p50)),
        p99: median(rounds.map(({ refusals }) => refusals.p99)),
      },
    },
    /** Answers that were no 200. */
    failed: rounds.reduce((sum, { claims, refusals }) => sum + claims.failed + refusals.failed, 0),
    generator: rounds[0]?.claims.generator,
  };
}
