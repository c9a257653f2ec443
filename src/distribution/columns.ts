import { type Meaning, readHeadings } from "../file/headings.ts";
import { readEmail } from "../value/email-address.ts";
import { readExternalId } from "../value/external-id.ts";
import { readPhone } from "../value/phone.ts";
import { readLine } from "../value/plain-text.ts";
import { isUnfit, type Reader } from "../value/value.ts";

/** By what a cell names a member. */
export const keyKinds = ["publicId", "externalId", "phone", "email"] as const;
export type KeyKind = (typeof keyKinds)[number];

const readers: Readonly<Record<KeyKind, Reader>> = {
  publicId: readLine(100),
  externalId: readExternalId,
  phone: readPhone,
  email: readEmail,
};

/** How people head such a column, in small letters and without blanks, hyphens and underscores. */
const headings: Readonly<Record<KeyKind, readonly string[]>> = {
  publicId: ["publicid", "fanfareid"],
  externalId: [
    ...["externalid", "memberid", "memberno", "membernumber", "customerid", "customerno", "customernumber", "userid"],
    ...["会员id", "会员号", "会员编号", "会员卡号", "客户id", "客户号", "客户编号", "用户id", "用户编号"],
  ],
  phone: [
    ...["phone", "phonenumber", "mobile", "mobilephone", "mobilenumber", "telephone", "tel"],
    ...["手机", "手机号", "手机号码", "电话", "电话号码", "联系电话", "移动电话"],
  ],
  email: ["email", "emailaddress", "mail", "邮箱", "电子邮箱", "电子邮件", "邮件", "邮箱地址"],
};
const kindOf = new Map(keyKinds.flatMap((kind) => headings[kind].map((heading) => [heading, kind] as const)));

export const knownHeadings = keyKinds.join(", ");

/** What a text names a member by, where it can be read as an e-mail address or a phone number. */
export function looksLike(text: string): "email" | "phone" | undefined {
  return (["email", "phone"] as const).find((kind) => !isUnfit(readers[kind](text)));
}

/** A column that names members; `number` counts from 1. */
export interface KeyColumn {
  readonly kind: KeyKind;
  readonly number: number;
}

/**
 * The columns that name members, by their headings in English or Chinese or as `names` says; all others are the
 * operator's own. In order of precedence. Refuses a header without any, with two of a kind, and names of headings that
 * are not there.
 */
export function keyColumns(
  header: { readonly row: number; readonly cells: readonly string[] },
  names: Readonly<Record<string, string>>,
) {
  let others = 0;
  const meaningOf = (name: string): Meaning & { readonly kind?: KeyKind } => {
    const kind = kindOf.get(name.toLowerCase().replace(/[\s_-]/g, ""));
    return kind ? { place: kind, kind } : { place: `other ${others++}` };
  };
  const read = readHeadings(header, { names, needed: keyKinds, known: knownHeadings, meaningOf });
  if ("code" in read) return read;
  const keys = read.flatMap(({ kind, number }): KeyColumn[] => (kind ? [{ kind, number }] : []));
  return keys.toSorted((one, other) => keyKinds.indexOf(one.kind) - keyKinds.indexOf(other.kind));
}

/** Whom a row names, or the cell that keeps it from doing so. */
export type Named =
  | { readonly kind: KeyKind; readonly key: string; readonly column: number }
  | { readonly column: number | null; readonly message: string | null };

/**
 * Whom a row names: by the first of its keys that is not empty. All of them must be readable, so that a column that
 * slipped is not taken for another.
 */
export function namedBy(columns: readonly KeyColumn[], cells: readonly string[]): Named {
  let first: Named | undefined;
  for (const { kind, number } of columns) {
    const cell = cells[number - 1] ?? "";
    if (cell.trim() === "") continue;
    const key = readers[kind](cell);
    if (isUnfit(key)) return { column: number, message: key.unfit };
    first ??= { kind, key, column: number };
  }
  return first ?? { column: columns[0]?.number ?? null, message: null };
}
