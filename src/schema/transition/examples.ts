import { type Example, refusal } from "../kit/example.ts";

export const transitionExamples: readonly Example[] = [
  {
    query: `# Somebody who works for one of the company's shops: with this token, only what is that shop's is there.
mutation HirePerson($input: CreateOperatorTokenInput!) {
  createOperatorToken(input: $input) {
    ... on CreatedToken { token record { name role shop operator { name } } }
    ${refusal}
  }
}`,
    variables: { input: { name: "Lea", role: "EDITOR", shop: "7", reason: "she plans for shop 7" } },
  },
  {
    query: `# Who did what, to what, for which shop and why? And what has each shop?
query WhoDidWhat {
  audit(first: 10) { nodes { at actor token actorShop what subject { kind key } shop reason } }
  shopFigures { shop counts { name value } amounts { name value { text } } }
}`,
  },
];
