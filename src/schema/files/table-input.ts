import { type InvalidInput, refuse } from "../../errors.ts";

/** The file of a mutation, which takes small ones: as text, or as the base64 of a workbook. */
export interface TableInput {
  readonly csv?: string | null | undefined;
  readonly xlsx?: string | null | undefined;
}

export const xlsxDescription = "In place of `csv`: an Excel workbook (.xlsx), in base64. Its first sheet is read.";

/** The bytes of the file. Refuses both kinds at once, neither, and what is not base64. */
export function fileContent({ csv, xlsx }: TableInput): Blob | InvalidInput {
  if ((csv ?? undefined) !== undefined && (xlsx ?? undefined) === undefined) return new Blob([csv ?? ""]);
  if ((xlsx ?? undefined) === undefined || (csv ?? undefined) !== undefined)
    return refuse.invalid([{ path: "csv", message: "give one of csv and xlsx" }]);
  const text = (xlsx ?? "").trim();
  if (!/^[A-Za-z0-9+/\s]+={0,2}$/.test(text)) return refuse.invalid([{ path: "xlsx", message: "is not base64" }]);
  return new Blob([Buffer.from(text, "base64")]);
}
