import { channelNames, factsOf } from "../../channels/catalog.ts";
import { enumOf } from "./enum.ts";

/** The channels of the catalogue. */
export const ChannelEnum = enumOf(
  "Channel",
  "A way to reach members.",
  channelNames,
  (name) => factsOf(name).description,
);
