import type { Context } from "../context.ts";
import type { FileOptions } from "./files/upload.ts";
import type { Example } from "./kit/example.ts";
import type { Handler } from "./server/server.ts";

/** What a domain's room in the schema says of itself, besides the types that it declares when it is imported. */
export interface Room {
  /** Operations that the playground opens with. */
  readonly examples?: readonly Example[];
  /** The highest row of the types that examples make. */
  readonly newest?: Readonly<Record<string, (ctx: Context) => Promise<number>>>;
  /** Where files are sent to and taken from, by the first part of the path. */
  readonly files?: Readonly<Record<string, (options: FileOptions) => Handler>>;
}
