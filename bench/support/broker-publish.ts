import { openPool, type Pool } from "./broker-pool.ts";
import type { Rig } from "./broker-rig.ts";

export const inFlight = 64;
export const batchSize = 100;
/** Batches at once: enough that the broker never waits for one. */
const batchesInFlight = 8;

/** A time as this and other processes of the machine tell it, epoch ms with fractions. */
export const now = () => performance.timeOrigin + performance.now();

/** Where messages go, how large they are, and from when on (epoch s) they may be delivered. */
export interface Load {
  readonly destination: string;
  readonly bodyBytes: number;
  readonly notBefore?: number;
}

/** Publishes `total` messages one request each; requests per second. */
export async function publishSingly(rig: Rig, load: Load, total: number): Promise<number> {
  const body = bodyOf(load.bodyBytes);
  const request = toRequest(rig, `/v2/publish/${load.destination}`, { ...notBefore(load) }, body);
  return await rate(rig, inFlight, total, 1, (pool) => pool.send(request));
}

/** The same in batches of a hundred; messages per second. */
export async function publishInBatches(rig: Rig, load: Load, total: number): Promise<number> {
  const headers = { "Content-Type": "application/json", "Upstash-Method": "POST", ...notBefore(load) };
  const item = { destination: load.destination, headers, body: bodyOf(load.bodyBytes) };
  const request = toRequest(rig, "/v2/batch", {}, JSON.stringify(Array.from({ length: batchSize }, () => item)));
  return await rate(rig, batchesInFlight, total, batchSize, async (pool) => {
    const answer = await pool.send(request);
    if (answer.includes('"error"')) throw new Error(answer.slice(0, 200));
  });
}

/** Publishes messages that carry the time of their publishing, evenly, `perSecond` of them. */
export async function publishEvenly(rig: Rig, destination: string, perSecond: number, total: number): Promise<void> {
  const pool = await openPool(rig.url, inFlight);
  const sent: Promise<string>[] = [];
  const began = performance.now();
  while (sent.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * perSecond));
    while (sent.length < due) {
      sent.push(pool.send(toRequest(rig, `/v2/publish/${destination}`, {}, String(now()))));
    }
    await Bun.sleep(1);
  }
  await Promise.all(sent);
  pool.close();
}

async function rate(rig: Rig, lines: number, total: number, each: number, send: (pool: Pool) => Promise<unknown>) {
  const pool = await openPool(rig.url, lines);
  let left = Math.ceil(total / each);
  const began = performance.now();
  const line = async () => {
    while (left-- > 0) await send(pool);
  };
  await Promise.all(Array.from({ length: lines }, line));
  const seconds = (performance.now() - began) / 1000;
  pool.close();
  return (Math.ceil(total / each) * each) / seconds;
}

/** A request as the SDK makes it. */
function toRequest(rig: Rig, path: string, headers: Readonly<Record<string, string>>, body: string): Uint8Array {
  const all = {
    Host: new URL(rig.url).host,
    Authorization: `Bearer ${rig.token}`,
    "Content-Type": "application/json",
    "Upstash-Method": "POST",
    "Upstash-Telemetry-Sdk": "upstash-qstash-js@v2.12.0",
    "Upstash-Telemetry-Runtime": `bun@${Bun.version}`,
    Accept: "*/*",
    Connection: "keep-alive",
    "User-Agent": `Bun/${Bun.version}`,
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Content-Length": String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

function notBefore(load: Load): Record<string, string> {
  return load.notBefore === undefined ? {} : { "Upstash-Not-Before": String(load.notBefore) };
}

function bodyOf(bytes: number): string {
  return JSON.stringify({ page: 17, text: "x".repeat(Math.max(0, bytes - 22)) });
}
