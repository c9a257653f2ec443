import { type Example, refusal } from "../kit/example.ts";

export const hotgoodsExamples: readonly Example[] = [
  {
    query: `# Goods of a day, each for the members of its persona; of several the highest priority wins a member.
mutation GoodsOfTheDay($input: AddHotGoodsInput!) {
  addHotGoods(input: $input) {
    ... on HotGoodsAdded { goods { id day goods name priority state } }
    ${refusal}
  }
}`,
    variables: {
      input: {
        rows: [
          { date: "2099-12-24", goods: "tea", name: "Winter tea", persona: { level: { gte: 2 } }, priority: 10 },
          { date: "2099-12-24", goods: "cup", name: "A cup", persona: { level: { gte: 0 } } },
        ],
      },
    },
  },
  {
    query: `# What became of them: for how many members each was chosen, and why others were skipped.
query HotGoods {
  hotGoods(first: 20) { nodes { day goods name priority state reason members campaignId } }
}`,
  },
];
