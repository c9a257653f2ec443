import { z } from "zod";
import type { App } from "../app.ts";

/**
 * Asks one of the two APIs over HTTP, as the shop does; answers its `data`. In life each of them who ask comes from an
 * address of their own, and the shop's proxy says which.
 */
export async function askApi(
  url: string,
  token: string,
  { query, variables, address = "10.0.0.0" }: { query: string; variables: object; address?: string },
): Promise<unknown> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}`, "x-forwarded-for": address };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = z.object({ data: z.unknown(), errors: z.unknown().optional() }).parse(await response.json());
  if (errors) throw new Error(`${url} answered ${JSON.stringify(errors)}`);
  return data;
}

/** The same as the operator who started the app. */
export function asOperator(app: App, query: string, variables: object): Promise<unknown> {
  return askApi(`${app.url}/graphql`, app.adminToken ?? "", { query, variables });
}
