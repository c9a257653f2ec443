import { type Example, refusal } from "../kit/example.ts";

export const lifecycleExamples: readonly Example[] = [
  {
    query: `# From now on each member is wished a happy birthday, once a year, from nine o'clock on where she is.
mutation Birthdays($input: CreateLifecyclePolicyInput!) {
  createLifecyclePolicy(input: $input) {
    ... on LifecyclePolicy { id name kind hour enabled }
    ${refusal}
  }
}`,
    variables: {
      input: {
        name: "Happy birthday",
        kind: "BIRTHDAY",
        hour: 9,
        channels: ["IN_APP"],
        content: [{ parts: { inApp: { title: "Happy birthday", body: "All the best, {{ member.name }}!" } } }],
      },
    },
  },
  {
    query: `# Whom they told, whom they missed, and what keeps them from telling anybody.
query LifecyclePolicies {
  lifecyclePolicies(first: 10) { nodes { id name kind days hour enabled told missed fault } }
}`,
  },
];
