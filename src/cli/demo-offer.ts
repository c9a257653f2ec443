import { z } from "zod";
import type { App } from "../app.ts";
import { askApi } from "./demo-api.ts";

const Created = z.object({ createCouponTemplate: z.object({ id: z.string() }) });
const Activated = z.object({ activateCouponTemplate: z.object({ state: z.literal("ACTIVE") }) });

/** Puts a coupon in offer, as an operator does; answers its template. */
export async function offerCoupon(app: App, input: Readonly<Record<string, unknown>>): Promise<string> {
  const ask = (query: string, variables: object) =>
    askApi(`${app.url}/graphql`, app.adminToken ?? "", { query, variables });
  const create = `mutation ($input: CreateCouponTemplateInput!) {
    createCouponTemplate(input: $input) { ... on CouponTemplate { id } ... on Refusal { message } }
  }`;
  const { id } = Created.parse(await ask(create, { input })).createCouponTemplate;
  const activate = `mutation ($id: ID!) {
    activateCouponTemplate(input: { templateId: $id }) { ... on CouponTemplate { state } ... on Refusal { message } }
  }`;
  Activated.parse(await ask(activate, { id }));
  return id;
}
