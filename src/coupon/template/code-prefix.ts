import type { CouponTemplate } from "../table.ts";

/** Letters and digits of a prefix that is made: more is hard to type. */
const longest = 8;

/**
 * The prefix of a template's codes, where its writer gave none: the first words of its name as far as they fit in
 * capital letters and digits, so that people know the code again; of a name without them its number, e.g. `T17`.
 */
export function prefixFor(name: string, template: number): string {
  const plain = name
    .normalize("NFKD")
    .replace(/[\p{M}'’]/gu, "")
    .toUpperCase();
  let prefix = "";
  for (const [word] of plain.matchAll(/[A-Z0-9]+/g)) {
    if (prefix !== "" && prefix.length + word.length > longest) break;
    prefix += word.slice(0, longest);
  }
  return prefix.length > 1 ? prefix : `T${template}`;
}

/** What a template's writer said of its prefix: nothing where it was made. */
export function saidPrefix({ codePrefix, name, id }: Pick<CouponTemplate, "codePrefix" | "name" | "id">): string {
  return codePrefix === prefixFor(name, id) ? "" : codePrefix;
}
