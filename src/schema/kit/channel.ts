import { channelNames, factsOf } from "../../channels/catalog.ts";
import { builder } from "./builder.ts";

/** The channels of the catalogue. */
export const ChannelEnum = builder.enumType("Channel", {
  description: "A way to reach members.",
  values: Object.fromEntries(
    channelNames.map((name) => [name, { value: name, description: factsOf(name).description }]),
  ),
});
