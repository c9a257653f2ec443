import { plainText, readLine } from "./plain-text.ts";
import { schemaOf } from "./value.ts";

/** Reads a tag, 1–100 characters. Case counts: `VIP` and `vip` are two. */
export const readTag = readLine(100);
export const tag = () => plainText(100);

/** The topic of messages, by which consent is given. */
export const topic = () => schemaOf(readTopic);
export const readTopic = readLine(100);
