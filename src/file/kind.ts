/** What files begin with that are no text. */
const kinds = [
  { starts: "1f8b", is: "is compressed (gzip): send what is in it" },
  { starts: "25504446", is: "is a PDF: save the table as .xlsx or CSV" },
  { starts: "377abcaf", is: "is a 7z archive: send what is in it" },
  { starts: "52617221", is: "is a RAR archive: send what is in it" },
] as const;

const oldWorkbook = "d0cf11e0";

/** Whether a file is a ZIP archive, as workbooks (XLSX) are. */
export async function isArchive(content: Blob): Promise<boolean> {
  const [p, k, kind] = await content.slice(0, 4).bytes();
  return p === 0x50 && k === 0x4b && (kind === 3 || kind === 5 || kind === 6);
}

/** What a file is that is no text at all, and what to do about it. */
export async function noText(content: Blob): Promise<string | undefined> {
  const head = Buffer.from(await content.slice(0, 512).bytes());
  const start = head.toString("hex", 0, 4);
  if (start !== oldWorkbook) return kinds.find(({ starts }) => start.startsWith(starts))?.is;
  // An encrypted workbook is wrapped up like an old one, and its directory names what is in it.
  const directory = head.length < 52 ? 0 : (head.readUInt32LE(48) + 1) * 512;
  const names = Buffer.from(await content.slice(directory, directory + 4_096).bytes());
  return names.includes(Buffer.from("EncryptedPackage", "utf16le"))
    ? "is encrypted: save it without a password"
    : "is an old Excel workbook (.xls): save it as .xlsx or CSV";
}
