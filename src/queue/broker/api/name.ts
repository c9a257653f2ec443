import { z } from "zod";

/** What queues and URL groups may be called. */
export const name = z.string().regex(/^[A-Za-z0-9._-]{1,256}$/);

export function invalidName(what: string, given: string): string {
  return `invalid ${what} name "${given.slice(0, 100)}": only letters, digits, hyphens, periods and underscores`;
}
