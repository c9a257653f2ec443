import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

const root = join(import.meta.dir, "../..");

/** A file of the project, as the tests of its layout look at it; paths are relative to the root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The files that a pattern finds, in their order. */
export function filesOf(...patterns: readonly string[]): SourceFile[] {
  const paths = patterns.flatMap((pattern) => [...new Glob(pattern).scanSync({ cwd: root, dot: true })]);
  return paths.toSorted().map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** Everything below `src`, its paths relative to it. */
export const sources: readonly SourceFile[] = filesOf("src/**/*.ts").map(({ path, text }) => ({
  path: path.slice("src/".length),
  text,
}));

/** That one file of `src` imports another, types included. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

export const imports: readonly Import[] = sources.flatMap(({ path, text }) =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g)].map(([, target = ""]) => ({
    from: path,
    to: normalize(join(dirname(path), target)),
  })),
);

/** The text of a file without its comments, so that prose is not taken for code. */
export function codeOf({ text }: SourceFile): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/[^\n]*/g, "$1");
}
