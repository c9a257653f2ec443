import { afterAll, beforeAll, expect, test } from "bun:test";
import { ensureAdminToken } from "../../../src/operations/token.ts";
import { serveGraphql, testContext } from "../../support/graphql.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
let admin: string;
beforeAll(async () => {
  api = await serveGraphql();
  admin = (await ensureAdminToken(testContext(api.db))) ?? "";
});
afterAll(() => api.stop());

const createService = `mutation ($input: CreateServiceTokenInput!) { createServiceToken(input: $input) {
  __typename ... on CreatedToken { token record { id name scopes role } } ... on Refusal { refusal message }
  ... on InvalidInput { issues { path message } } } }`;
const revoke = `mutation ($id: ID!) { revokeToken(input: { tokenId: $id }) {
  __typename ... on AccessToken { name revokedAt } ... on Refusal { refusal message } } }`;

test("the first boot makes an admin's token, later ones do not", async () => {
  expect(admin).toMatch(/^ff_op_[\w-]{43}$/);
  expect(await ensureAdminToken(testContext(api.db))).toBeUndefined();
});

test("an admin makes a service's token, sees it once, and can take it back", async () => {
  const input = { name: "shop", scopes: ["MEMBERS_WRITE", "MEMBERS_WRITE"] };
  const made = (await api.ask("graphql", createService, { token: admin, variables: { input } })).body.data
    .createServiceToken;
  expect(made).toMatchObject({
    __typename: "CreatedToken",
    record: { name: "shop", scopes: ["MEMBERS_WRITE"], role: null },
  });
  const stored = await api.db.all<object>({ sql: "SELECT * FROM access_token", args: [] });
  expect(JSON.stringify(stored)).not.toContain(made.token);

  const seen = await api.ask("graphql", "{ viewer { kind name scopes } }", { token: made.token });
  expect(seen.body.data.viewer).toEqual({ kind: "SERVICE", name: "shop", scopes: ["MEMBERS_WRITE"] });

  const taken = await api.ask("graphql", revoke, { token: admin, variables: { id: made.record.id } });
  expect(taken.body.data.revokeToken).toMatchObject({ __typename: "AccessToken", name: "shop" });
  const again = await api.ask("graphql", revoke, { token: admin, variables: { id: made.record.id } });
  expect(again.body).toEqual(taken.body);
});

test("faulty input is refused with the place of every fault", async () => {
  const input = { name: " ", scopes: [] };
  const answer = await api.ask("graphql", createService, { token: admin, variables: { input } });
  expect(answer.body.data.createServiceToken).toMatchObject({
    __typename: "InvalidInput",
    refusal: "INVALID_INPUT",
    issues: [{ path: "name" }, { path: "scopes" }],
  });
});

test("ids that are none, of another kind or of nothing are refused, each in its own words", async () => {
  const id = (text: string) => Buffer.from(text).toString("base64");
  const answers = [];
  for (const wrong of ["zz", id("Member:1"), id("AccessToken:one"), id("AccessToken:999")]) {
    const { status, body } = await api.ask("graphql", revoke, { token: admin, variables: { id: wrong } });
    answers.push([status, body.data.revokeToken.__typename]);
  }
  expect(answers).toEqual([
    [200, "InvalidInput"],
    [200, "InvalidInput"],
    [200, "InvalidInput"],
    [200, "NotFound"],
  ]);
});

test("the last admin's token cannot be revoked", async () => {
  const id = Buffer.from("AccessToken:1").toString("base64");
  const answer = await api.ask("graphql", revoke, { token: admin, variables: { id } });
  expect(answer.body.data.revokeToken).toMatchObject({ __typename: "Conflict", refusal: "CONFLICT" });
});

test("who is no admin is refused, told the role it takes, and changes nothing", async () => {
  const approver = await api.token({ kind: "operator", name: "Ada", role: "approver" });
  const variables = { input: { name: "mine", scopes: ["ORDERS_WRITE"] } };
  const answer = await api.ask("graphql", createService, { token: approver, variables });
  expect(answer.body.data.createServiceToken).toMatchObject({ __typename: "Forbidden", refusal: "FORBIDDEN" });
  expect(answer.body.data.createServiceToken.message).toContain("role admin");

  const listed = await api.ask("graphql", "{ tokens { nodes { name } } }", { token: approver });
  expect(listed).toMatchObject({ status: 403, code: "FORBIDDEN" });
  const nobody = await api.ask("graphql", createService, { variables });
  expect(nobody).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
  expect(await api.db.first({ sql: "SELECT 1 FROM access_token WHERE name = 'mine'", args: [] })).toBeUndefined();
});

test("tokens are paged in the order they were made, each exactly once, at most 200 a page", async () => {
  for (let i = 0; i < 5; i++) await api.token({ kind: "service", name: `page ${i}`, scopes: ["events:write"] });
  const query = `query ($first: Int, $after: String) { tokens(first: $first, after: $after) {
    edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage endCursor } } }`;
  const seen: string[] = [];
  let after: string | null = null;
  for (let more = true; more; ) {
    const answer = await api.ask("graphql", query, { token: admin, variables: { first: 2, after } });
    const { edges, pageInfo } = answer.body.data.tokens;
    seen.push(...edges.map(({ node }: { node: { id: string } }) => node.id));
    after = pageInfo.endCursor;
    more = pageInfo.hasNextPage;
  }
  const all = (await api.ask("graphql", query, { token: admin, variables: { first: 200 } })).body.data.tokens.edges;
  expect(seen).toEqual(all.map(({ node }: { node: { id: string } }) => node.id));
  for (const first of [0, -1, 201]) {
    expect(await api.ask("graphql", query, { token: admin, variables: { first } })).toMatchObject({
      status: 400,
      code: "INVALID_INPUT",
    });
  }
  expect(await api.ask("graphql", query, { token: admin, variables: { after: "zz" } })).toMatchObject({
    status: 400,
    code: "INVALID_INPUT",
  });
});

test("a node is found by its id for those who may see it, and is nothing for others", async () => {
  const query = "query ($id: ID!) { node(id: $id) { __typename id ... on AccessToken { name } } }";
  const variables = { id: Buffer.from("AccessToken:1").toString("base64") };
  const viewer = await api.token({ kind: "operator", name: "Vic", role: "viewer" });
  expect((await api.ask("graphql", query, { token: admin, variables })).body.data.node.name).toBe("first admin");
  expect((await api.ask("graphql", query, { token: viewer, variables })).body).toEqual({ data: { node: null } });
  const member = await api.member("nosy");
  const short = "query ($id: ID!) { node(id: $id) { __typename } }";
  expect((await api.ask("app", short, { token: member, variables })).body).toEqual({ data: { node: null } });
});
