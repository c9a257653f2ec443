import { type ChannelName, channelNames, factsOf } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { type ContentPurpose, contentPurposes } from "./purposes.ts";
import { readerBudget } from "./render-budget.ts";
import { compileTemplate } from "./template.ts";
import { attributes, commonVariables, exampleScope, type Variables, wayOutVariables } from "./variables.ts";

/** A variable as whoever writes a text is told of it. */
export interface ListedVariable {
  readonly name: string;
  /** What it says. */
  readonly about: string;
  /** How it is written in a text. */
  readonly usage: string;
  /** What the text says then, to somebody who reads English in Berlin. */
  readonly example: string;
  /** On which channels there is such a thing. */
  readonly channels: readonly ChannelName[];
}

/** All that a text of a purpose may say, each with an example that the engine makes of how it is written. */
export async function listVariables(ctx: Context, purpose: ContentPurpose): Promise<ListedVariable[]> {
  const everywhere: Variables = {
    ...contentPurposes[purpose].variables,
    ...commonVariables,
    [attributes.name]: attributes,
  };
  const withWayOut = channelNames.filter((channel) => factsOf(channel).unsubscribe);
  return [...(await listed(ctx, everywhere, channelNames)), ...(await listed(ctx, wayOutVariables, withWayOut))];
}

function listed(ctx: Context, variables: Variables, channels: readonly ChannelName[]): Promise<ListedVariable[]> {
  const scope = exampleScope(variables, { city: attributes.example });
  const world = { ctx, budget: readerBudget(), most: 1_000, now: ctx.clock() };
  return Promise.all(
    Object.entries(variables).map(async ([name, { about, usage = `{{ ${name} }}` }]) => {
      const example = await compileTemplate(usage, false).render(scope, world);
      return { name, about, usage, example, channels };
    }),
  );
}
