import { z } from "zod";
import type { App } from "../app.ts";
import { asOperator } from "./demo-api.ts";

const Created = z.object({ createCouponTemplate: z.object({ id: z.string() }) });
const Activated = z.object({ activateCouponTemplate: z.object({ state: z.literal("ACTIVE") }) });

/** Puts a coupon in offer, as an operator does; answers its template. */
export async function offerCoupon(app: App, input: Readonly<Record<string, unknown>>): Promise<string> {
  const create = `mutation ($input: CreateCouponTemplateInput!) {
    createCouponTemplate(input: $input) { ... on CouponTemplate { id } ... on Refusal { message } }
  }`;
  const { id } = Created.parse(await asOperator(app, create, { input })).createCouponTemplate;
  const activate = `mutation ($id: ID!) {
    activateCouponTemplate(input: { templateId: $id }) { ... on CouponTemplate { state } ... on Refusal { message } }
  }`;
  Activated.parse(await asOperator(app, activate, { id }));
  return id;
}
