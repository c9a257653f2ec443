import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documents, type Operation, writeOperations } from "./app-operations.ts";
import { type Child, spawnChild } from "./children.ts";
import { type Road, readRoad, writeManifest } from "./requests.ts";
import { type Crowd, type SeededShop, seedShop } from "./shop-seed.ts";

/** A seeded data directory, what is asked of its shop, and the processes on it, which end with the work. */
export interface Seeded {
  readonly dir: string;
  readonly shop: SeededShop;
  readonly operations: readonly Operation[];
  /** Starts a server of the shop. */
  serve(settings?: Readonly<Record<string, string>>): Promise<Child>;
  /** Starts a script of this folder. */
  start(script: string, ...args: readonly string[]): Promise<Child>;
}

interface Sizes {
  readonly road: Road;
  readonly crowd: Crowd;
  /** Names of the operations; all unless given. */
  readonly only: readonly string[];
}

export async function withSeeded<T>({ road, crowd, only }: Sizes, work: (seeded: Seeded) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-app-"));
  const stops: (() => Promise<void>)[] = [];
  const start: Seeded["start"] = async (...of) => {
    const child = await spawnChild(...of);
    stops.unshift(child.stop);
    return child;
  };
  try {
    const shop = await seedShop(dir, crowd);
    const all = await writeOperations(dir, { crowd, seeded: shop, road });
    const manifest = join(dir, "documents.json");
    writeManifest(manifest, documents());
    const serve: Seeded["serve"] = (settings = {}) =>
      start("shop-child.ts", dir, JSON.stringify({ DOCUMENTS_FILE: manifest, ...settings }));
    const operations = all.filter(({ name }) => only.length === 0 || only.includes(name));
    return await work({ dir, shop, operations, serve, start });
  } finally {
    for (const stop of stops) await stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The options that benches of such a shop have in common. */
export const shopOptions = {
  seconds: { type: "string", default: "2" },
  rounds: { type: "string", default: "5" },
  readers: { type: "string", default: "10000" },
  newcomers: { type: "string", default: "100000" },
  claimants: { type: "string", default: "50000" },
  road: { type: "string", default: "lane" },
  only: { type: "string", default: "" },
  json: { type: "boolean" },
} as const;

type Given = Readonly<Record<Exclude<keyof typeof shopOptions, "json">, string>>;

/** What they say. */
export function readShopOptions({ seconds, rounds, readers, newcomers, claimants, road, only }: Given) {
  return {
    seconds: Number(seconds),
    rounds: Number(rounds),
    crowd: { readers: Number(readers), newcomers: Number(newcomers), claimants: Number(claimants) },
    road: readRoad(road),
    only: only.split(",").filter(Boolean),
  };
}
