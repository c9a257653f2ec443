import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";
import { memberValues, type RenderMember } from "../content/render.ts";
import type { Uses } from "../content/uses.ts";

/** A message of a local channel as its reader sees it: plain text, to be shown as such. */
export interface RenderedMessage {
  readonly title: string;
  readonly body: string;
  /** Where it leads, when it leads anywhere. */
  readonly url: string | null;
}

/** Characters of texts, and of what they are known by, that a process keeps at most. */
const mostKept = 4_000_000;

/**
 * Texts as they were rendered, by all that they are made of: the run, whose content is frozen, the channel, and of the
 * reader language, zone and each value that the template uses, as the database has just said it. So none is ever old,
 * and there is nothing to forget: whoever is called otherwise, or erased, has another text, or none.
 */
interface KeptTexts {
  /** Those that were made or asked for lately; what was so before them is `old`, and goes when these are too many. */
  young: Map<string, RenderedMessage>;
  old: ReadonlyMap<string, RenderedMessage>;
  /** In those that are young. */
  characters: number;
  readonly size: number;
}

const keptTexts = (ctx: Context) => perApp(ctx, "campaign.inboxTexts", emptyTexts);

function emptyTexts(): KeptTexts {
  return {
    young: new Map(),
    old: new Map(),
    characters: 0,
    get size() {
      return this.young.size + this.old.size;
    },
  };
}

/** The texts of one reader's messages on a channel. */
export interface ReadersTexts {
  get(run: number, uses: Uses): RenderedMessage | undefined;
  keep(run: number, uses: Uses, text: RenderedMessage): void;
}

/** `own` is what is the reader's own of what a run offers, JSON by run. */
export function textsOfReader(
  ctx: Context,
  channel: ChannelName,
  member: RenderMember,
  own: ReadonlyMap<number, string>,
): ReadersTexts {
  const kept = keptTexts(ctx);
  const values = memberValues(ctx, member);
  const facts = new Map<string, string>();
  // Most of a reader's messages use the same, so that it is written down once.
  const factsOf = ({ member: fields }: Uses) => {
    const names = fields.join();
    const known = facts.get(names) ?? JSON.stringify([member.locale, member.time_zone, ...fields.map(valueIn)]);
    facts.set(names, known);
    return known;
  };
  const valueIn = (field: string) => (field === "attributes" ? member.attributes : values[field]);
  const keyOf = (run: number, uses: Uses) => {
    const offered = uses.offer ? `${member.seq} ${own.get(run) ?? ""}` : "";
    return `${channel} ${run} ${uses.member.join()} ${factsOf(uses)} ${offered}`;
  };
  return {
    get: (run, uses) => lookUp(kept, keyOf(run, uses)),
    keep: (run, uses, text) => keep(kept, keyOf(run, uses), text),
  };
}

function lookUp(kept: KeptTexts, key: string): RenderedMessage | undefined {
  const young = kept.young.get(key);
  if (young) return young;
  const old = kept.old.get(key);
  if (old) keep(kept, key, old);
  return old;
}

function keep(kept: KeptTexts, key: string, text: RenderedMessage): void {
  kept.young.set(key, text);
  kept.characters += key.length + text.title.length + text.body.length + (text.url?.length ?? 0);
  if (kept.characters <= mostKept / 2) return;
  kept.old = kept.young;
  kept.young = new Map();
  kept.characters = 0;
}
