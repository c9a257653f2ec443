/**
 * What a text message says about being written to. People write `Stop.`, `"STOP"`, `stop please` and `退订`: case,
 * accents, punctuation, quotes, invisible characters and politeness say nothing. A stop is heard rather once too often,
 * a start only where the message is nothing else.
 */
export function wishIn(body: string): "stop" | "start" | undefined {
  const words = wordsIn(body).filter((word) => !polite.has(word));
  const whole = words.join("");
  if (startWords.has(whole)) return "start";
  if (alone.has(whole) || plain.has(whole)) return "stop";
  if (words.some((word) => negations.test(word))) return undefined;
  const [first = ""] = words;
  const isShort = words.length <= 3;
  if (plain.has(first) || (isShort && words.some((word) => plain.has(word)))) return "stop";
  return isShort && whole.length <= 10 && unspaced.test(whole) ? "stop" : undefined;
}

/** Stops in whatever they stand: first of a message, or anywhere in three words. */
const plain = setOf(`
  STOP STOPALL STOPP UNSUBSCRIBE UNSUBSCRIBED OPTOUT REVOKE
  ABMELDEN ABBESTELLEN DESABONNER DESINSCRIRE DESUSCRIBIR DISISCRIVIMI AFMELDEN AVREGISTRERA
  СТОП ОТПИСАТЬСЯ ОТПИСКА 退订 退訂 配信停止 수신거부`);

/** Stops where a message is nothing else: by themselves they mean other things, too. */
const alone = setOf(`
  CANCEL END QUIT REMOVE STOPIT T TD R N 取消 取消订阅 取消訂閱 停止 拒收
  ENDE ARRET ARRETER ARRETEZ BAJA ALTO PARAR PARE CANCELAR SAIR FERMA BASTA CANCELLA AVSLUTA IPTAL RET DUR
  解除 停止する 중지 거부 توقف ايقاف الغاء הסר`);

/** Twilio's own, and what undoes the words above. */
const startWords = setOf(
  "START YES UNSTOP OPTIN RESUBSCRIBE SUBSCRIBE 恢复 恢復 恢复订阅 订阅 訂閱 СТАРТ 再開 수신동의",
);

const polite = setOf(
  "PLEASE PLS PLZ THANKS THX THANKYOU BITTE DANKE MERCI SVP GRACIAS GRAZIE OBRIGADO NOW 请 請 谢谢 謝謝",
);
const negations = /^(DONT|NOT|NEVER|NICHT|NON|不.*|别.*|別.*)$/;
/** Chinese runs words together: 我要退订, 退订谢谢. */
const unspaced = /^(?!.*[不别別未]).*退[订訂]/;

function setOf(list: string): ReadonlySet<string> {
  return new Set(
    list
      .trim()
      .split(/\s+/)
      .map((word) => wordsIn(word).join("")),
  );
}

/** Words in capitals, without accents; letters spelt one by one, as in `S.T.O.P.`, are one. */
function wordsIn(text: string): string[] {
  const folded = text
    .slice(0, 500)
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}'’‘`´]/gu, "")
    .normalize("NFC")
    .toUpperCase();
  const words = folded.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  return words.length > 1 && words.every((word) => word.length === 1) ? [words.join("")] : words;
}
