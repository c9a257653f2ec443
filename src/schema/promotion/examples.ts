import { type Example, refusal } from "../kit/example.ts";

export const promotionExamples: readonly Example[] = [
  {
    query: `# A promotion: enabling it with enablePromotion announces it to everyone, once.
mutation WritePromotion($input: CreatePromotionInput!) {
  createPromotion(input: $input) {
    ... on Promotion { id name kind tiers { spend { text } off { text } } acting }
    ${refusal}
  }
}`,
    variables: {
      input: {
        name: "Spend 200, save 30",
        currency: "EUR",
        rule: { fullReduction: [{ spend: "20000", off: "3000" }] },
        remark: "Until the end of the month.",
      },
    },
  },
  {
    query: `# Who changed what of it, and what keeps its promise from being kept?
query PromotionHistory($promotion: ID!) {
  promotion(id: $promotion) {
    name enabled conditionsInWords stacking faults
    history { what from to actor at }
  }
}`,
    variables: (made) => ({ promotion: made("Promotion") }),
  },
];
