import { z } from "zod";

/** Where a link leads. */
export const webAddress = z
  .string()
  .max(2_000)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "must be an address with http:// or https://");

/** What is wrong with where a link leads; `httpsOnly`, as in production, it leads nowhere but to https. */
export function linkFault(address: string | null, httpsOnly: boolean): string | undefined {
  if (!httpsOnly || address === null || URL.parse(address)?.protocol === "https:") return undefined;
  return "must begin with https://";
}
