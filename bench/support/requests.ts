import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mintMemberToken } from "../../src/operations/member-token.ts";

/** Whom a bench's shop lets in: members' tokens are signed with it. */
export const secret = "a secret of the bench's shop, 32+ bytes";

/** One request of a member. */
export interface Asked {
  /** Of the member alone, as a proxy tells it: members' limits are their own. */
  readonly address: string;
  readonly token: string;
  /** JSON; in the place of {@link keyPlace} each request has a key of its own. */
  readonly body: string;
}

/** Where an idempotency key stands in a body. */
export const keyPlace = "<<idempotency-key>>...";

/** What names a document: its hash, as of trusted documents, or its text, which takes the road through yoga. */
const roads = ["lane", "yoga"] as const;
export type Road = (typeof roads)[number];

/** What `--road` says. */
export function readRoad(said: string): Road {
  const road = roads.find((name) => name === said);
  if (!road) throw new Error(`--road is ${roads.join(" or ")}`);
  return road;
}

/** A document of `bench/app`. */
export function documentOf(name: string): string {
  return readFileSync(join(import.meta.dir, "../app", `${name}.graphql`), "utf8");
}

export function bodyOf(road: Road, text: string, variables: object = {}): string {
  return JSON.stringify(
    // The very text of a trusted document takes the lane, too.
    road === "yoga" ? { query: `${text} `, variables } : { documentId: `sha256:${hex(text)}`, variables },
  );
}

/** Writes the manifest of trusted documents that the shop is given. */
export function writeManifest(path: string, texts: readonly string[]): void {
  writeFileSync(path, JSON.stringify(Object.fromEntries(texts.map((text) => [hex(text), text]))));
}

function hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The token of member number `n` of {@link seedMembers}. */
export function tokenOf(n: number): Promise<string> {
  const settings = { issuer: "shop", audience: "fanfare", algorithms: ["HS256"], secret };
  return mintMemberToken(settings, `shop-${n}`, 6 * 3_600, Date.now());
}

/** The same request by so many members from number `from` on. */
export function askedBy(from: number, count: number, body: string): Promise<Asked[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const n = from + i;
      const address = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
      return { address, token: await tokenOf(n), body };
    }),
  );
}

/** Writes requests for `load`: a line each. */
export function writeRequests(path: string, requests: readonly Asked[]): void {
  writeFileSync(path, requests.map(({ address, token, body }) => `${address}\t${token}\t${body}\n`).join(""));
}

export function readRequests(text: string): Asked[] {
  const lines = text.trimEnd().split("\n");
  return lines.map((line) => {
    const [address = "", token = "", body = ""] = line.split("\t");
    return { address, token, body };
  });
}

let keys = 0;

/** The request with a key of its own, where it has one. */
export function keyed(asked: Asked): Asked {
  return { ...asked, body: asked.body.replace(keyPlace, `${process.pid}-${Date.now()}-${keys++}`) };
}

export function postOf({ address, token, body }: Asked): RequestInit {
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${token}`,
    "x-forwarded-for": address,
  };
  return { method: "POST", headers, body };
}
