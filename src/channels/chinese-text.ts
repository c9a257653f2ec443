import { wishIn } from "./sms/wish-words.ts";

/** What decides how a text message is sent in China. */
export interface ChineseCustom {
  /** Who sends it, as it stands between 【】. */
  readonly signature: string;
  /** Where it goes, E.164; null where nobody in particular is meant. */
  readonly phone: string | null;
  /** Whether its reader reads simplified Chinese. */
  readonly isReadInChinese: boolean;
  /** Whether it tells what had to be told rather than what is on offer. */
  readonly transactional: boolean;
}

/** How one is spared more of them, by a word that is heard as STOP. */
const wayOut = "回T退订";

/**
 * A text message as mainland China expects it: it begins with the sender's signature in 【】, without which carriers take
 * none, and ends with how to be spared more where it promotes; what the author wrote of both is not said again. So it
 * is for numbers of mainland China (+86), whatever their owners' language, and elsewhere for whoever reads simplified
 * Chinese and is written to in it. All other texts stay as they are.
 */
export function chineseText(text: string, custom: ChineseCustom): string {
  const said = text.trim();
  if (said === "" || !isForChina(said, custom)) return text;
  const signature = `【${custom.signature.replace(/[【】]/g, "").trim()}】`;
  const signed = said.startsWith(signature) || said.endsWith(signature) ? said : `${signature}${said}`;
  if (custom.transactional || saysWayOut(signed)) return signed;
  // A blank keeps the words out of a link that stands before them.
  return /[。！？；，、…～）】」』]$/u.test(signed) ? signed + wayOut : `${signed} ${wayOut}`;
}

function isForChina(text: string, { phone, isReadInChinese }: ChineseCustom): boolean {
  return phone?.startsWith("+86") || (isReadInChinese && /\p{Script=Han}/u.test(text));
}

const ways = [
  /回[复復覆]?\s*[“"「]?([A-Za-z0-9]{1,6})[”"」]?\s*(?:即可|可)?\s*(?:退[订訂]|拒收|取消)/gu,
  /(?:退[订訂]|拒收|取消)(?:[订訂][阅閱])?[请請]?回[复復覆]?\s*[“"「]?([A-Za-z0-9]{1,6})/gu,
  /回[复復覆]?\s*[“"「]?(退[订訂])/gu,
];

/** Whether a text says what to answer, and that answer is heard. */
function saysWayOut(text: string): boolean {
  return ways.some((way) => [...text.matchAll(way)].some(([, word = ""]) => wishIn(word) === "stop"));
}
