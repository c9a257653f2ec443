import { channelNames } from "../channels/catalog.ts";
import { readLocalMoment } from "../value/date.ts";
import { readTopic } from "../value/tag.ts";
import { isUnfit, type unfit } from "../value/value.ts";
import { anyTopic } from "./consent.ts";
import { mostWords } from "./member-item.ts";

/** A word of consent and, in another column, when it was said: a day where there is no time. */
export interface WordInFile {
  readonly channel: string;
  readonly topic: string;
  granted?: boolean;
  /** The moment (ms) that its cell means; of a day, which edge of it. */
  date?: (edge: Edge) => number;
}
type Edge = "start" | "end";

/** The word that columns speak of: its channel and topic; undefined where there can be none. */
export function wordIn([channel = "", ...rest]: readonly string[]): Pick<WordInFile, "channel" | "topic"> | undefined {
  const topic = rest.length > 0 ? readTopic(rest.join(":")) : anyTopic;
  return isUnfit(topic) || !channelNames.some((name) => name === channel) ? undefined : { channel, topic };
}

/** Puts a part of a word among those of its row, whichever of its columns comes first. */
export function speak(
  words: WordInFile[],
  { channel, topic }: Pick<WordInFile, "channel" | "topic">,
  part: Pick<WordInFile, "granted" | "date">,
): string | undefined {
  const spoken = words.find((word) => word.channel === channel && word.topic === topic);
  if (spoken) Object.assign(spoken, part);
  else if (words.length === mostWords) return `must have at most ${mostWords} items`;
  else words.push({ channel, topic, ...part });
  return undefined;
}

/**
 * The words of a row as an item has them; a date alone says nothing. Of a day nobody knows the hour: a yes counts from
 * its beginning, a no until its end.
 */
export function wordsSaid(words: readonly WordInFile[]) {
  return words.flatMap(({ channel, topic, granted, date }) => {
    if (granted === undefined) return [];
    return [{ channel, topic, granted, ...(date ? { at: date(granted ? "start" : "end") } : {}) }];
  });
}

/** Reads a cell that says when. */
export function readWhen(cell: string, zone: string): ReturnType<typeof unfit> | ((edge: Edge) => number) {
  const start = readLocalMoment(zone)(cell);
  if (isUnfit(start)) return start;
  const end = readLocalMoment(zone, "end")(cell);
  return isUnfit(end) ? end : (edge) => (edge === "start" ? start : end);
}
