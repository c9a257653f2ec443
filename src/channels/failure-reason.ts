/**
 * What a provider said, fit for ledgers and logs: short, and without the addresses, numbers and tokens that providers
 * like to quote – neither those it was given (`quoted`) nor anything that looks like one.
 */
export function reasonOf(who: string, code: string | number, text = "", quoted: readonly string[] = []): string {
  const words = masked(
    quoted.reduce((text, address) => (address ? text.replaceAll(address, "‹address›") : text), text),
  );
  return words ? `${who} refused it (${code}): ${words}` : `${who} refused it (${code})`;
}

function masked(text: string): string {
  return text
    .replace(/[^\s<>"'`,;()]*@[^\s<>"'`,;()]*/g, "‹address›")
    .replace(/\+?\d[\d\s().-]{4,}\d/g, "‹number›")
    .replace(/[\w:/.-]{24,}/g, "‹token›")
    .slice(0, 200)
    .trim();
}

/** Of a fault that a person must mend: which setting to look at. */
export function settingReason(who: string, setting: string, code: string | number): string {
  return `${who} turned the settings down (${code}): check ${setting}`;
}
