import { afterAll, beforeAll, expect, test } from "bun:test";
import { serveGraphql } from "../../support/graphql.ts";
import { idOf } from "../../support/operators.ts";
import { addMembers } from "../../support/shop.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
let admin = "";
beforeAll(async () => {
  api = await serveGraphql();
  admin = await api.token({ kind: "operator", name: "Ada", role: "admin" });
  await addMembers(api.db, 3);
});
afterAll(() => api.stop());

const exported = async (named: object) => {
  const query = `mutation ($input: ExportMemberInput!) { exportMember(input: $input) {
    __typename ... on MemberExport { data } ... on InvalidInput { issues { path message } } } }`;
  return (await api.ask("graphql", query, { token: admin, variables: { input: named } })).body.data.exportMember;
};

test("a member is named by id or by the shop's own id, and is the same", async () => {
  const [one, other] = [await exported({ memberId: idOf("Member", 2) }), await exported({ externalId: "x2" })];
  expect(one.data.member.externalId).toBe("x2");
  expect(other).toEqual(one);
});

test("both or neither is a fault with its place; what is not there is not found", async () => {
  const fault = { __typename: "InvalidInput", issues: [{ path: "memberId", message: expect.any(String) }] };
  for (const named of [{}, { memberId: null }, { memberId: idOf("Member", 2), externalId: "x2" }]) {
    expect(await exported(named)).toEqual(fault);
  }
  expect(await exported({ memberId: "2" })).toMatchObject({ __typename: "InvalidInput" });
  expect(await exported({ memberId: idOf("Run", 2) })).toMatchObject({ __typename: "InvalidInput" });
  expect(await exported({ externalId: "nobody" })).toMatchObject({ __typename: "NotFound" });
});

test("a query says the same by an error", async () => {
  const ask = async (named: string) => (await api.ask("graphql", `{ member${named} { id } }`, { token: admin })).body;
  expect((await ask(`(memberId: "${idOf("Member", 2)}")`)).data.member.id).toBe(idOf("Member", 2));
  expect((await ask(`(externalId: "x2")`)).data.member.id).toBe(idOf("Member", 2));
  expect((await ask(`(externalId: " x2\u200B ")`)).data.member.id).toBe(idOf("Member", 2));
  const { extensions } = (await ask("")).errors[0];
  expect(extensions).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "memberId" }] });
});
