import { mintMemberToken } from "../../src/operations/member-token.ts";
import { type Answer, type Face, read } from "./graphql.ts";
import type { Shop } from "./shop.ts";
import { byId } from "./trusted.ts";

const secret = "a secret of the test shop, 32+ bytes";

/** Environment of a shop whose members sign in with {@link memberToken}. */
export const memberEnv = { MEMBER_JWT_SECRET: secret };

/** The token of member number `n` of a shop opened with {@link memberEnv}. */
export function memberToken(n: number): Promise<string> {
  const settings = { issuer: "shop", audience: "fanfare", algorithms: ["HS256"], secret } as const;
  return mintMemberToken({ ...settings, algorithms: [...settings.algorithms] }, `x${n}`, 600, Date.now());
}

/** Asks a shop over HTTP, as member number `n`. */
export async function askAs(shop: Shop, n: number, query: string, variables?: unknown): Promise<Answer> {
  return post(shop, "app", await memberToken(n), byId(query, variables));
}

/** Asks a shop over HTTP, as its first operator. */
export function askAdmin(shop: Shop, query: string, variables?: unknown): Promise<Answer> {
  return post(shop, "graphql", shop.app.adminToken ?? "", JSON.stringify({ query, variables }));
}

async function post(shop: Shop, face: Face, token: string, body: string): Promise<Answer> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  return read(await fetch(`${shop.app.url}/${face}`, { method: "POST", headers, body }));
}

/** The data of an answer without errors. */
// biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
export function dataOf(answer: Answer): any {
  if (answer.body?.errors) throw new Error(JSON.stringify(answer.body.errors));
  return answer.body.data;
}
