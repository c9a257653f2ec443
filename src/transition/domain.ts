import { defineDomain } from "../context.ts";

export const transition = defineDomain({
  name: "transition",
  about:
    "States and the steps between them; who took them and why, in one audit that is kept for ever; who wrote what.",
  tables: ["audit", "revision"],
  subjects: { audit: { about: "the audit itself, taken out" } },
});
