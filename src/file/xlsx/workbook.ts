import { kindOf, type NumberKind } from "./number.ts";
import { Unreadable } from "./unreadable.ts";
import { type Attributes, type Listener, readXml } from "./xml.ts";
import type { Archive } from "./zip.ts";

/** Where the parts of a workbook are, and how its numbers are meant. */
export interface Workbook {
  readonly sheet: string;
  readonly strings: string | undefined;
  /** Whether days count from 1904. */
  readonly is1904: boolean;
  /** By the number of the style. */
  readonly kinds: readonly NumberKind[];
}

/** What the parts that are no cells may have. */
const most = { bytes: 2 ** 22, styleBytes: 2 ** 24, styles: 65_536, formatCode: 255 };

/** Finds the first sheet that is shown, and what its cells refer to. Throws `Unreadable`. */
export async function readWorkbook(archive: Archive): Promise<Workbook> {
  refuseOthers(archive);
  const [main] = await relations(archive, "");
  const path = main?.target ?? "xl/workbook.xml";
  const parts = new Map((await relations(archive, path)).map((part) => [part.id, part]));
  const sheets: Attributes[] = [];
  let is1904 = false;
  await read(archive, path, {
    open(name, attributes) {
      if (name === "workbookPr") is1904 = /^(1|true)$/.test(attributes.date1904 ?? "");
      if (name === "sheet") sheets.push(attributes);
    },
  });
  const targetOf = (kind: string) => parts.values().find(({ type }) => type.endsWith(`/${kind}`))?.target;
  const shown = sheets
    .filter(({ state = "visible" }) => state === "visible")
    .map((sheet) => Object.entries(sheet).find(([name]) => name.endsWith(":id"))?.[1])
    .map((id) => parts.get(id))
    .find((part) => part?.type.endsWith("/worksheet"));
  if (!shown) throw new Unreadable("is a workbook without a sheet that is shown");
  const styles = targetOf("styles");
  return {
    sheet: shown.target,
    strings: targetOf("sharedStrings"),
    is1904,
    kinds: styles === undefined ? [] : await readStyles(archive, styles),
  };
}

function refuseOthers({ has }: Archive): void {
  if (has("xl/workbook.bin")) throw new Unreadable("is a binary Excel workbook (.xlsb): save it as .xlsx or CSV");
  if (has("content.xml") && has("mimetype"))
    throw new Unreadable("is an OpenDocument file (.ods): save it as .xlsx or CSV");
  if (!has("[Content_Types].xml")) throw new Unreadable("is a ZIP archive, but no workbook: send what is in it");
}

interface Relation {
  readonly id: string | undefined;
  readonly type: string;
  readonly target: string;
}

/** What a part refers to; of the archive itself, its workbook. */
async function relations(archive: Archive, part: string): Promise<Relation[]> {
  const at = part.lastIndexOf("/") + 1;
  const path = `${part.slice(0, at)}_rels/${part.slice(at)}.rels`;
  const found: Relation[] = [];
  if (!archive.has(path)) return found;
  await read(archive, path, {
    open(name, { Id: id, Type: type = "", Target: target = "", TargetMode }) {
      if (name !== "Relationship" || TargetMode === "External") return;
      const address = URL.parse(target, `zip:///${part}`);
      if (!address) throw new Unreadable(`is damaged: ${path} names a part by no address`);
      found.push({ id, type, target: address.pathname.slice(1) });
    },
  });
  return part === "" ? found.filter(({ type }) => type.endsWith("/officeDocument")) : found;
}

async function readStyles(archive: Archive, path: string): Promise<NumberKind[]> {
  const formats = new Map<string, NumberKind>();
  const kinds: NumberKind[] = [];
  const listener: Listener = {
    open(name, { numFmtId: id = "0", formatCode }, above) {
      if (name === "numFmt" && formatCode !== undefined)
        formats.set(id, kindOf(Number(id), formatCode.slice(0, most.formatCode)));
      if (name === "xf" && above.at(-1) === "cellXfs") kinds.push(formats.get(id) ?? kindOf(Number(id), undefined));
      if (Math.max(formats.size, kinds.length) > most.styles)
        throw new Unreadable(`has more than ${most.styles.toLocaleString("en")} styles`);
    },
  };
  await read(archive, path, listener, most.styleBytes);
  return kinds;
}

function read(archive: Archive, path: string, listener: Listener, mostBytes = most.bytes): Promise<void> {
  return readXml(archive.textOf(path, mostBytes), listener);
}
