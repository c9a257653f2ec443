import type { Role } from "../../src/actor.ts";
import { createToken } from "../../src/operations/token.ts";
import { dataOf } from "./ask.ts";
import { type Answer, read } from "./graphql.ts";
import { refusalsOf, titleOf } from "./refusals.ts";
import { accepted, type Shop } from "./shop.ts";

/** An operator of a shop who asks over HTTP. */
export interface Operator {
  ask(query: string, variables?: unknown): Promise<Answer>;
  /** The data of an answer that must have no errors. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
  get(query: string, variables?: unknown): Promise<any>;
  /**
   * Sends one mutation with its input and answers what it answered: the fields given, or a refusal with all its faults.
   */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
  does(mutation: string, input: unknown, fields?: string): Promise<any>;
  /** Reads a campaign's version and approves it. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
  approves(campaignId: string, fields?: string): Promise<any>;
  /** Opens a subscription and reads the data of its events, or their errors, to the end. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
  watches(query: string, variables?: unknown): Promise<any[]>;
}

/** Hires an operator, of one of the company's shops where it is named: a token of its own. */
export async function hire(shop: Shop, name: string, role: Role, ofShop?: string): Promise<Operator> {
  const { token } = accepted(await createToken(shop.ctx, { kind: "operator", name, role, shop: ofShop }));
  const post = (body: unknown, accept = "application/graphql-response+json") =>
    fetch(`${shop.app.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", accept, authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
  const ask = async (query: string, variables?: unknown) => read(await post({ query, variables }));
  const get: Operator["get"] = async (query, variables) => dataOf(await ask(query, variables));
  const does: Operator["does"] = async (mutation, input, fields = "id") =>
    dataOf(await ask(mutationOf(mutation, fields), { input }))[mutation];
  return {
    ask,
    get,
    does,
    approves: async (campaignId, fields) => {
      const { campaign } = await get("query ($id: ID!) { campaign(id: $id) { version } }", { id: campaignId });
      return does("approveCampaign", { campaignId, version: campaign?.version ?? "" }, fields);
    },
    watches: async (query, variables) => events(await (await post({ query, variables }, "text/event-stream")).text()),
  };
}

const results: Readonly<Record<string, string>> = {
  createDistributionUpload: "DistributionUpload",
  enablePromotion: "EnabledPromotion",
  pushCoupon: "PushedCoupon",
  approvePromotion: "EnabledPromotion",
  disablePromotion: "DisabledPromotion",
  endCouponTemplate: "ClosedCouponTemplate",
  withdrawCouponTemplate: "ClosedCouponTemplate",
  testSend: "ContentPreview",
  setCapsPolicy: "CapsPolicy",
  changeCouponStock: "CouponTemplate",
  changeCouponBudget: "CouponTemplate",
};

const resultOf = (mutation: string) =>
  results[mutation] ??
  ["Promotion", "CouponTemplate", "Distribution"].find((type) => mutation.endsWith(type)) ??
  "Campaign";

function mutationOf(mutation: string, fields: string): string {
  return `mutation ($input: ${titleOf(mutation)}Input!) { ${mutation}(input: $input) { __typename
    ... on ${resultOf(mutation)} { ${fields} } ${refusalsOf(mutation)} } }`;
}

function events(text: string) {
  return [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json = ""]) => {
    const { data, errors } = JSON.parse(json);
    return errors ?? data;
  });
}

/** A global id. */
export const idOf = (type: string, row: number) => btoa(`${type}:${row}`);
