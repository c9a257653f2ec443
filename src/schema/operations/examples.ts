import type { Example } from "../kit/example.ts";

/** The first tab: the playground shows no variables in it until another was opened, so it has none. */
export const operationsExamples: readonly Example[] = [
  {
    query: `# Each tab is a step, from the first member to what would have gone out.
# Run it with the button or Ctrl-Enter; what it is about stands under "Variables".
query Start {
  viewer { kind name role }
}`,
  },
];
