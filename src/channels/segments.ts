/** How a text message is cut up on its way; each segment is paid for. */
export interface Segments {
  /** `GSM-7` for Latin and Greek capitals; one sign beyond makes it `UCS-2`, with room for less than half. */
  readonly encoding: "GSM-7" | "UCS-2";
  readonly segments: number;
}

// 3GPP TS 23.038, 6.2.1: the default alphabet, and its extension, whose signs take two places.
const basic =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
  "abcdefghijklmnopqrstuvwxyzäöñüà";
const extension = "\f^{}\\[~]|€";

const places: ReadonlyMap<string, number> = new Map([
  ...[...basic].map((sign) => [sign, 1] as const),
  ...[...extension].map((sign) => [sign, 2] as const),
]);

/** The segments of a text: one of 160 places (UCS-2: 70), or several of 153 (67). A sign is never cut in two. */
export function segmentsOf(text: string): Segments {
  const signs = [...text];
  const isBasic = signs.every((sign) => places.has(sign));
  const widths = signs.map((sign) => (isBasic ? (places.get(sign) ?? 1) : sign.length));
  const [alone, each] = isBasic ? [160, 153] : [70, 67];
  const encoding = isBasic ? "GSM-7" : "UCS-2";
  const total = widths.reduce((sum, width) => sum + width, 0);
  if (total <= alone) return { encoding, segments: total === 0 ? 0 : 1 };
  let segments = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > each) {
      segments++;
      used = 0;
    }
    used += width;
  }
  return { encoding, segments };
}
