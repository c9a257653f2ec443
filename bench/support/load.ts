import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Asked, keyed, keyPlace, postOf, readRequests } from "./requests.ts";

/** What a load generator measured. Latencies in ms. */
export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers that were no 200. */
  readonly failed: number;
  readonly generator: "wrk" | "bun";
}

export interface LoadSettings {
  readonly connections: number;
  readonly seconds: number;
  /** The line of the file to begin with; any unless given. */
  readonly from?: number;
}

/**
 * Sends the requests of a file (see `requests.ts`) over so many connections for so long, one after the other and again
 * from its beginning: by wrk where it is installed, else by Bun's fetch.
 */
export function load(url: string, requests: string, settings: LoadSettings): Promise<Load> {
  return Bun.which("wrk") ? byWrk(url, requests, settings) : byFetch(url, requests, settings);
}

const anywhere = () => Math.floor(Math.random() * 1e6);

async function byWrk(url: string, requests: string, settings: LoadSettings): Promise<Load> {
  const { connections, seconds, from = anywhere() } = settings;
  const script = join(import.meta.dir, "load.lua");
  const child = Bun.spawn(["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url], {
    env: { ...Bun.env, REQUESTS: requests, KEY_PLACE: keyPlace, FROM: String(from) },
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`wrk failed: ${text}`);
  const said = JSON.parse(text.trim().split("\n").at(-1) ?? "");
  const took = said.micros / 1e6;
  return {
    requests: said.requests,
    perSecond: said.requests / took,
    seconds: took,
    p50: said.p50,
    p99: said.p99,
    failed: said.failed,
    generator: "wrk",
  };
}

async function byFetch(url: string, requests: string, settings: LoadSettings): Promise<Load> {
  const { connections, seconds, from = anywhere() } = settings;
  const asked: readonly Asked[] = readRequests(readFileSync(requests, "utf8"));
  const times: number[] = [];
  let failed = 0;
  let next = from;
  const began = performance.now();
  const worker = async () => {
    while (performance.now() - began < seconds * 1000) {
      const one = asked[next++ % asked.length];
      if (!one) return;
      const sent = performance.now();
      const response = await fetch(url, postOf(keyed(one)));
      await response.text();
      if (!response.ok) failed += 1;
      times.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const took = (performance.now() - began) / 1000;
  const n = times.length;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(n * share)] ?? Number.NaN;
  return { requests: n, perSecond: n / took, seconds: took, p50: at(0.5), p99: at(0.99), failed, generator: "bun" };
}
