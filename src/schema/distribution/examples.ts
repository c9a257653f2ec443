import type { Example } from "../kit/example.ts";

export const distributionExamples: readonly Example[] = [
  {
    query: `# What became of files of members, or will: how many rows by outcome, and why rows get none.
query Distributions {
  distributions(first: 20) {
    nodes {
      number file state rows issued
      counts { outcome predicted ended }
      leftOut(first: 5) { nodes { row outcome column why whatToDo } }
    }
  }
}`,
  },
  {
    query: `# How far one is, as it goes on.
subscription WatchDistribution($distribution: ID!) {
  distributionProgress(distributionId: $distribution) {
    state done total perSecond etaSeconds counts { outcome ended }
  }
}`,
    variables: (made) => ({ distribution: made("Distribution") }),
  },
];
