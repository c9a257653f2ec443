import type { Language } from "../language.ts";
import type { Cause, Outcome } from "./table.ts";

/** A row that has failed: what it failed of, and where. */
export interface FailedRow {
  readonly row: number;
  /** NOT_REACHED: it was to get a coupon, and the distribution was cancelled before it was its turn. */
  readonly outcome: Outcome | "NOT_REACHED";
  readonly cause: Cause | null;
  readonly column: number | null;
  readonly message: string | null;
  /** The first row of the same member. */
  readonly other: number | null;
}

/** The same for people. */
export interface RowWords {
  readonly outcome: string;
  readonly place: string;
  readonly cause: string;
  readonly todo: string;
}

/** Says of a row what became of it, where, why, and what to do. */
export function rowWords(row: FailedRow, header: readonly string[], language: Language): RowWords {
  const { outcome, cause, column, message } = row;
  const key = cause === "UNREADABLE" && column === null ? "UNREADABLE_ROW" : (cause ?? outcome);
  const said = words[language];
  const [why, todo] = said.causes[key as Key] ?? said.causes.NOT_REACHED;
  return {
    outcome: said.outcomes[outcome],
    place: said.place(row.row, column === null ? null : columnName(column, header)),
    cause: why.replace("{other}", String(row.other ?? "?")).replace("{message}", () => message ?? ""),
    todo,
  };
}

/** As spreadsheets name it, and as the operator does: `B (phone)`. */
function columnName(column: number, header: readonly string[]): string {
  let letters = "";
  for (let left = column; left > 0; left = Math.floor((left - 1) / 26))
    letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters;
  const heading = header[column - 1]?.trim();
  return heading ? `${letters} (${heading.slice(0, 60).toWellFormed()})` : letters;
}

type Key = Cause | "UNREADABLE_ROW" | "UNKNOWN_MEMBER" | "DUPLICATE" | "NOT_REACHED";
interface Words {
  readonly outcomes: Readonly<Record<FailedRow["outcome"], string>>;
  readonly place: (row: number, column: string | null) => string;
  /** Why, and what to do. */
  readonly causes: Readonly<Record<Key, readonly [string, string]>>;
}

const again = "then upload this file as a follow-up";

const words: Readonly<Record<Language, Words>> = {
  en: {
    outcomes: {
      INVALID: "invalid row",
      UNKNOWN_MEMBER: "unknown member",
      DUPLICATE: "duplicate",
      ALREADY_HELD: "already held",
      NOT_ELIGIBLE: "not eligible",
      OUT_OF_STOCK: "stock ran out",
      ISSUED: "issued",
      NOT_REACHED: "not issued",
    },
    place: (row, column) => (column === null ? `row ${row}` : `row ${row}, column ${column}`),
    causes: {
      UNREADABLE: ["The cell {message}.", `Correct the cell, ${again}.`],
      UNREADABLE_ROW: ["The row {message}.", `Write the row anew, ${again}.`],
      NOBODY_NAMED: ["No cell of the row names a member.", `Fill in the member's id, phone or e-mail, ${again}.`],
      SEVERAL_MEMBERS: ["Several members have this.", `Name the member by id, ${again}.`],
      NOT_WRITTEN: [
        "The database refused this row.",
        "Upload this file as a follow-up; if it is refused again, tell whoever runs Fanfare.",
      ],
      UNKNOWN_MEMBER: ["No member has this.", `Correct the cell or add the member, ${again}.`],
      DUPLICATE: ["The member is in row {other} already.", "Nothing: what became of that row counts."],
      ISSUED_BEFORE: ["The member got one by another file of this chain of follow-ups.", "Nothing."],
      LIMIT_REACHED: [
        "The member has as many of these coupons as one may have.",
        `Nothing; or let one have more, ${again}.`,
      ],
      FOR_OTHERS: ["The coupon is not for this member.", "Give a coupon that is for this member."],
      ENDED: ["Nothing of this coupon is given any more.", "Give another coupon."],
      SOLD_OUT: ["There was none left.", `Raise the stock, ${again}.`],
      BUDGET_SPENT: ["The budget was spent.", `Raise the budget, ${again}.`],
      NOT_REACHED: ["It was cancelled before it was this row's turn.", "Upload this file as a follow-up."],
    },
  },
  zh: {
    outcomes: {
      INVALID: "无效行",
      UNKNOWN_MEMBER: "会员不存在",
      DUPLICATE: "重复",
      ALREADY_HELD: "已持有",
      NOT_ELIGIBLE: "不符合条件",
      OUT_OF_STOCK: "库存不足",
      ISSUED: "已发放",
      NOT_REACHED: "未发放",
    },
    place: (row, column) => (column === null ? `第${row}行` : `第${row}行，${column}列`),
    causes: {
      UNREADABLE: ["单元格无法读取：{message}", "请改正该单元格，再作为后续文件上传。"],
      UNREADABLE_ROW: ["整行无法读取：{message}", "请重新填写该行，再作为后续文件上传。"],
      NOBODY_NAMED: ["该行没有指明会员。", "请填写会员号、手机号或邮箱，再作为后续文件上传。"],
      SEVERAL_MEMBERS: ["有多名会员符合。", "请改用会员号，再作为后续文件上传。"],
      NOT_WRITTEN: ["数据库拒绝了该行。", "请作为后续文件上传；若再次被拒绝，请联系 Fanfare 管理员。"],
      UNKNOWN_MEMBER: ["没有这样的会员。", "请改正该单元格或先添加会员，再作为后续文件上传。"],
      DUPLICATE: ["该会员已在第{other}行。", "无需处理，以那一行的结果为准。"],
      ISSUED_BEFORE: ["该会员已由同一系列的另一份文件获得。", "无需处理。"],
      LIMIT_REACHED: ["该会员持有的张数已达上限。", "无需处理；或提高上限，再作为后续文件上传。"],
      FOR_OTHERS: ["该券不适用于此会员。", "请改发适用的券。"],
      ENDED: ["该券已停止发放。", "请改发其他券。"],
      SOLD_OUT: ["库存已用完。", "请增加库存，再作为后续文件上传。"],
      BUDGET_SPENT: ["预算已用完。", "请增加预算，再作为后续文件上传。"],
      NOT_REACHED: ["轮到该行之前，发放已被取消。", "请将此文件作为后续文件上传。"],
    },
  },
};
