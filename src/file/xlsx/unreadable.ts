/** Why a workbook is not read: what the file is, or what is wrong with it, as the end of "the file …". */
export class Unreadable extends Error {
  constructor(
    message: string,
    readonly why: "full" | "damaged" = "damaged",
  ) {
    super(message);
  }
}
