import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";

/*
 * Files are read and written on threads that nothing tells of. Here it is done at once, so that whatever comes of it
 * comes in one order. What a file held when it was asked for is what it holds; nobody here reads one that grows.
 */

/** In the place of `Bun.file`. */
export function file(path: string): Blob {
  const content = new Blob(existsSync(path) ? [readFileSync(path)] : []);
  return Object.assign(content, { exists: async () => existsSync(path), writer: () => writerOf(path) });
}

/** A sink that begins the file anew, as Bun's own does. */
function writerOf(path: string) {
  const handle = openSync(path, "w");
  return {
    write: (chunk: Uint8Array | ArrayBuffer) => writeSync(handle, new Uint8Array(chunk)),
    flush: async () => {},
    end: async () => closeSync(handle),
  };
}

type Options = Parameters<typeof mkdirSync>[1] & Parameters<typeof rmSync>[1];

/** In the place of the same of `node:fs/promises`. */
export const directories = {
  mkdir: async (path: string, options?: Options) => mkdirSync(path, options),
  rm: async (path: string, options?: Options) => rmSync(path, options),
};
