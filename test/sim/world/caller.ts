import { mintMemberToken } from "../../../src/operations/member-token.ts";
import { refusalsOf, titleOf } from "../../support/refusals.ts";
import type { Machine } from "../kernel/globals.ts";

/** What came back. `lost`: nobody knows whether it was done. */
export type Answer =
  // biome-ignore lint/suspicious/noExplicitAny: actors read whatever came back
  | { readonly kind: "data"; readonly data: any }
  // biome-ignore lint/suspicious/noExplicitAny: each refusal tells facts of its own
  | { readonly kind: "refused"; readonly refusal: string; readonly message: string; readonly facts: any }
  | { readonly kind: "errors"; readonly message: string }
  | { readonly kind: "lost"; readonly why: string };

/** Somebody who asks the shop over HTTP. */
export interface Caller {
  ask(query: string, variables?: unknown): Promise<Answer>;
  /** One mutation with its input; `fields` of what it answers, e.g. `CouponTemplate { id }`, or nothing. */
  does(mutation: string, input: unknown, fields?: string): Promise<Answer>;
}

export const memberSecret = "a secret of the simulated shop, 32+ bytes";

/** So long a caller waits. */
const patienceMs = 30_000;

interface Road {
  readonly machine: Machine;
  readonly url: string;
  readonly token: () => Promise<string> | string;
}

export function callerOf({ machine, url, token }: Road): Caller {
  const post = async (query: string, variables: unknown): Promise<Answer> => {
    const controller = new AbortController();
    const alarm = machine.engine.after(patienceMs, () => controller.abort(new Error("no answer")), false);
    const headers = { "content-type": "application/json", authorization: `Bearer ${await token()}` };
    const body = JSON.stringify({ query, variables });
    try {
      const request = new Request(url, { method: "POST", headers, body, signal: controller.signal });
      return await read(await machine.network.call(request));
    } catch (error) {
      return { kind: "lost", why: error instanceof Error ? error.message : String(error) };
    } finally {
      alarm.isOff = true;
    }
  };
  return {
    ask: post,
    does: async (mutation, input, fields) => {
      const told = fields ? `... on ${fields}` : "";
      const query = `mutation ($input: ${titleOf(mutation)}Input!) { ${mutation}(input: $input) {
        __typename ${told} ${refusalsOf(mutation)} } }`;
      const answer = await post(query, { input });
      if (answer.kind !== "data") return answer;
      const result = answer.data[mutation];
      const { refusal, message, issues } = result;
      if (refusal === undefined) return { kind: "data", data: result };
      return {
        kind: "refused",
        refusal,
        message: issues ? `${message} ${JSON.stringify(issues)}` : message,
        facts: result,
      };
    },
  };
}

/** The shop's clock went on by more than a token's life since the app made it, or the member was erased. */
const refusedTokens = ["TOKEN_EXPIRED", "TOKEN_NOT_YET_VALID", "MEMBER_UNKNOWN"];

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  if (response.status >= 500) return { kind: "lost", why: `status ${response.status}` };
  const { data, errors } = JSON.parse(text);
  const first = errors?.[0];
  if (first?.extensions?.code === "INTERNAL" || first?.extensions?.code === "UNAVAILABLE")
    return { kind: "lost", why: first.message };
  if (refusedTokens.includes(first?.extensions?.code))
    return { kind: "refused", refusal: first.extensions.code, message: first.message, facts: {} };
  return first ? { kind: "errors", message: `${response.status} ${first.message}` } : { kind: "data", data };
}

/** The token of a member, by external id. */
export function memberToken(externalId: string, now: number): Promise<string> {
  const settings = { issuer: "shop", audience: "fanfare", algorithms: ["HS256"], secret: memberSecret } as const;
  return mintMemberToken({ ...settings, algorithms: [...settings.algorithms] }, externalId, 600, now);
}
