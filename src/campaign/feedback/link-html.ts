import type { Language } from "../../language.ts";
import { type PageWords, pageResponse } from "../../web/page.ts";

const words = {
  en: {
    ask: {
      title: "Unsubscribe",
      text: "Do you want to stop receiving messages of this kind?",
      button: "Unsubscribe",
    },
    done: {
      title: "You are unsubscribed",
      text: "You will not receive messages of this kind any more.",
      undo: "That was a mistake: subscribe again",
    },
    undone: { title: "You are subscribed again", text: "You will receive messages of this kind as before." },
    bad: {
      title: "This link does not work",
      text: "It is incomplete or was changed. Please open it again from the message, without copying it.",
    },
  },
  zh: {
    ask: { title: "退订", text: "您要停止接收此类消息吗？", button: "确认退订" },
    done: { title: "您已退订", text: "您将不会再收到此类消息。", undo: "操作有误，重新订阅" },
    undone: { title: "您已重新订阅", text: "您将继续收到此类消息。" },
    bad: { title: "此链接无效", text: "链接不完整或已被更改。请从原消息中重新打开，不要复制。" },
  },
} as const satisfies Record<Language, Record<"ask" | "done" | "undone" | "bad", PageWords>>;

const preferences = { en: "Choose what you hear of", zh: "管理消息偏好" } as const satisfies Record<Language, string>;

/** The page about unsubscribing, and the way to all preferences. A bad link's is a 404. */
export function unsubscribeResponse(input: {
  language: Language;
  page: "ask" | "done" | "undone" | "bad";
  shop: string;
  /** What stands behind `/u/`. */
  token: string;
}): Response {
  const { language, page, shop, token } = input;
  const link = page === "bad" ? undefined : { text: preferences[language], href: `../p/${token}` };
  return pageResponse({
    language,
    shop,
    words: { ...words[language][page], link },
    status: page === "bad" ? 404 : 200,
    isStatus: page === "done" || page === "undone",
  });
}
