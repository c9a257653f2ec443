import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a load generator measured. Latencies in ms. */
export interface Load {
  readonly perSecond: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  readonly generator: "wrk" | "bun";
}

interface LoadSettings {
  readonly connections: number;
  readonly seconds: number;
}

/**
 * Sends the requests of a file over so many connections for so long: by wrk where it is installed, else by Bun's fetch.
 */
export function load(url: string, requests: string, settings: LoadSettings): Promise<Load> {
  return Bun.which("wrk") ? byWrk(url, requests, settings) : byFetch(url, requests, settings);
}

async function byWrk(url: string, requests: string, { connections, seconds }: LoadSettings): Promise<Load> {
  const script = join(import.meta.dir, "claim-wrk.lua");
  const child = Bun.spawn(["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url], {
    env: { ...Bun.env, REQUESTS: requests },
    stderr: "inherit",
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`wrk failed: ${text}`);
  const said = JSON.parse(text.trim().split("\n").at(-1) ?? "");
  const took = said.micros / 1e6;
  return {
    perSecond: said.requests / took,
    seconds: took,
    p50: said.p50,
    p99: said.p99,
    failed: said.failed,
    generator: "wrk",
  };
}

const query =
  "mutation ($t: ID!, $k: String!) { claimCoupon(input: { templateId: $t, idempotencyKey: $k }) " +
  "{ __typename ... on Coupon { id } } }";

async function byFetch(url: string, requests: string, { connections, seconds }: LoadSettings): Promise<Load> {
  const lines = readFileSync(requests, "utf8").trimEnd().split("\n");
  const times: number[] = [];
  let failed = 0;
  let next = Math.floor(Math.random() * lines.length);
  const began = performance.now();
  const run = `${Date.now()}`;
  const worker = async () => {
    while (performance.now() - began < seconds * 1000) {
      const n = next++;
      const sent = performance.now();
      const response = await fetch(url, requestOf(lines[n % lines.length] ?? "", `${run}-${n}`));
      await response.text();
      if (!response.ok) failed += 1;
      times.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const took = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { perSecond: times.length / took, seconds: took, p50: at(0.5), p99: at(0.99), failed, generator: "bun" };
}

function requestOf(line: string, key: string): RequestInit {
  const [member = "", address = "", token = "", template = ""] = line.split("\t");
  return {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
      "x-forwarded-for": address,
      "x-member": member,
      "x-template": template,
    },
    body: JSON.stringify({ query, variables: { t: template, k: key } }),
  };
}
