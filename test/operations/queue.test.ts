import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { flowKey } from "../../src/queue/flow.ts";
import { hire } from "../support/operators.ts";
import { act, openMessages, queueMessage, queueMessages } from "../support/queue.ts";
import { closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const env = { QUEUE_RETRIES: "0" };
const nameOf = (request: Request) => request.url.split("/").at(-1) ?? "";

/** A shop whose page messages are answered with what `answer` gives for their number, as long as it gives something. */
async function failingShop(
  answer: (page: number) => Response | undefined,
  options: Parameters<typeof openShop>[0] = {},
) {
  const shop = await openShop({
    env,
    deliver: async (request) => {
      const page = nameOf(request) === "campaign-page" ? (await request.clone().json()).page : Number.NaN;
      return (Number.isInteger(page) ? answer(page) : undefined) ?? fetch(request);
    },
    ...options,
  });
  return { shop, admin: await hire(shop, "kim", "admin") };
}

const letterIds = async (admin: Awaited<ReturnType<typeof hire>>, args = "(first: 200)") =>
  (await admin.get(`{ deadLetters${args} { nodes { letterId job status payload } } }`)).deadLetters.nodes as {
    letterId: string;
    status: number;
    payload: { page: number };
  }[];

test("how the queue is: what waits and runs in each flow, dead letters, the last five minutes", async () => {
  const { shop, admin } = await failingShop((page) => (page === 2 ? new Response("no", { status: 500 }) : undefined));
  await shop.members(500);
  await act(admin, "pauseFlow", { flow: "EMAIL" });
  await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  const { queueStatus } = await until(async () => {
    const read = await admin.get(`{ queueStatus { error outbox { waiting } queue {
      flows { name waiting running parallelism rate { most periodSeconds } paused pinned }
      inFlight { running most } deadLetters { atLeast more }
      rates { since seconds deliveredPerMinute failedAttemptsPerMinute deadPerMinute meanAttempts } } } }`);
    const flow = read.queueStatus.queue.flows.find(({ name }: { name: string }) => name === "EMAIL");
    return (
      read.queueStatus.outbox.waiting === 0 &&
      flow.waiting > 0 &&
      read.queueStatus.queue.rates.deadPerMinute > 0 &&
      read
    );
  });
  const { flows, inFlight, deadLetters, rates } = queueStatus.queue;
  const names = ["EMAIL", "PUSH", "SMS", "default", "events", "pages", "webhooks"];
  expect(flows.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(names));
  const flow = (wanted: string) => flows.find(({ name }: { name: string }) => name === wanted);
  expect(flow("EMAIL")).toMatchObject({ paused: true, running: 0, pinned: false });
  expect(flow("pages")).toMatchObject({ parallelism: 8, rate: null, paused: false });
  expect(flow("SMS")).toMatchObject({ waiting: 0, parallelism: expect.any(Number) });
  expect(inFlight.most).toBeGreaterThan(0);
  expect(deadLetters).toEqual({ atLeast: 1, more: false });
  expect(rates).toMatchObject({ seconds: 300, failedAttemptsPerMinute: 0.2, deadPerMinute: 0.2, meanAttempts: 1 });
  expect(rates.deliveredPerMinute).toBeGreaterThan(0.5);
  expect(queueStatus.error).toBeNull();
});

test("messages are found by job and state, page by page and each once, with their attempts", async () => {
  const { shop, admin } = await failingShop((page) => (page === 2 ? new Response("no", { status: 500 }) : undefined));
  await shop.members(700);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  const { nodes: dead } = await queueMessages(admin, "state: DEAD");
  expect(dead).toMatchObject([
    { job: "campaign-page", subject: `page/${run}/2`, attempts: [{ outcome: "FAILED", status: 500, answer: "no" }] },
  ]);
  const seen: (string | null)[] = [];
  let after = "";
  for (let pages = 0; pages < 20; pages++) {
    const page = await queueMessages(admin, `job: "campaign-page", first: 4${after}`);
    seen.push(...page.nodes.map(({ subject }) => subject));
    if (!page.pageInfo.hasNextPage) break;
    after = `, after: "${page.pageInfo.endCursor}"`;
  }
  expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6].map((page) => `page/${run}/${page}`));
  const { nodes: delivered } = await queueMessages(admin, `job: "campaign-page", state: DELIVERED`);
  expect(delivered).toHaveLength(5);
  for (const { attempts } of delivered) expect(attempts).toMatchObject([{ outcome: "DELIVERED", status: null }]);
  expect((await queueMessages(admin, "state: RUNNING")).nodes).toEqual([]);
  expect((await queueMessages(admin, "state: OUTBOX")).nodes).toEqual([]);
  for (const after of ["x", "row.1", "log.!"]) {
    const { body } = await admin.ask(`{ queueMessages(after: "${after}") { nodes { job } } }`);
    expect(body.errors[0].extensions).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "after" }] });
  }
});

test("what is in the outbox is found newest first, page by page", async () => {
  const { shop, admin } = await failingShop(() => undefined);
  const later = Date.now() + 3_600_000; // the relay leaves these alone
  await shop.ctx.db.write(
    [1, 2, 3].map(
      (run) => sql`INSERT INTO outbox (id, name, payload, subject, created_at, next_try_at, error)
        VALUES (${`id-${run}`}, 'campaign-cancel', ${`{"run":${run}}`}, ${`cancel/${run}`}, ${run}, ${later}, 'no')`,
    ),
  );
  const first = await queueMessages(admin, "state: OUTBOX, first: 2");
  expect(first.nodes.map(({ messageId }) => messageId)).toEqual(["id-3", "id-2"]);
  const rest = await queueMessages(admin, `state: OUTBOX, first: 2, after: "${first.pageInfo.endCursor}"`);
  expect(rest).toMatchObject({ nodes: [{ messageId: "id-1" }], pageInfo: { hasNextPage: false } });
  expect((await queueMessages(admin, `state: OUTBOX, job: "campaign-start"`)).nodes).toEqual([]);
  expect(await queueMessage(admin, "id-2")).toMatchObject({
    payload: { run: 2 },
    why: { summary: expect.stringContaining("refused it: no") },
  });
});

test("I12 a dead letter with a bad payload names its faults; with a good one its FAILED run is completed", async () => {
  let failing = true;
  const lines: string[] = [];
  const { shop, admin } = await failingShop(
    (page) => (failing && page === 1 ? new Response("no", { status: 500 }) : undefined),
    {
      log: (_level, event, fields) => void lines.push(`${event} ${JSON.stringify(fields)}`),
    },
  );
  await shop.members(300);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  // The page's own letter is deleted; what is left is one whose payload says nothing.
  const [own] = await letterIds(admin);
  await act(admin, "deleteDeadLetter", { letterId: own?.letterId });
  await shop.app.queue.client.publish({ url: `${shop.app.url}/jobs/campaign-page`, body: '{"run":"one","pages":1}' });
  const letterId = await until(async () => (await letterIds(admin))[0]?.letterId);
  failing = false;

  const edit = (payload: unknown) => act(admin, "editAndReplayDeadLetter", { letterId, payload });
  expect(await edit({ run: "one", page: -1 })).toMatchObject({
    refusal: "INVALID_INPUT",
    issues: [{ path: "payload.run" }, { path: "payload.page" }],
  });
  expect(await edit("page 1")).toMatchObject({ refusal: "INVALID_INPUT", issues: [{ path: "payload" }] });
  expect(await letterIds(admin)).toHaveLength(1);
  expect(await shop.state(run)).toBe("FAILED");
  expect(await edit({ run, page: 1 })).toMatchObject({ __typename: "DeadLetter", payload: { run, page: 1 } });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 300 });
  expect(await shop.faults(run)).toEqual([]);
  expect(await letterIds(admin)).toEqual([]);
  expect(await edit({ run, page: 1 })).toMatchObject({ refusal: "NOT_FOUND" });
  const edited = lines.filter((line) => line.startsWith("dead-letter.edited"));
  expect(edited).toHaveLength(1);
  expect(edited[0]).toContain('"actor":"operator kim"');
  expect(edited[0]).not.toContain('"page"');
});

test("I12 a dead letter edited to do other work leaves the old work to the sweep, not to nobody", async () => {
  let failing = true;
  const { shop, admin } = await failingShop((page) =>
    failing && page > 0 ? new Response("no", { status: 500 }) : undefined,
  );
  await shop.members(300);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  failing = false;
  const letters = await letterIds(admin);
  const other = letters.find(({ payload }) => payload.page === 2)?.letterId;
  await act(admin, "deleteDeadLetter", { letterId: letters.find(({ payload }) => payload.page === 1)?.letterId });
  expect(await act(admin, "editAndReplayDeadLetter", { letterId: other, payload: { run, page: 1 } })).toMatchObject({
    __typename: "DeadLetter",
  });
  await until(async () => (await shop.ledger(run))["IN_APP SENT"] === 200);
  expect(await shop.state(run)).toBe("RUNNING");
  shop.pass(61_000);
  await shop.sweep();
  await shop.becomes(run, "COMPLETED");
});

test("what the failure callback was told cannot be edited, only replayed", async () => {
  const shop = await openShop({ env });
  const admin = await hire(shop, "kim", "admin");
  await shop.app.queue.client.publish({ url: `${shop.app.url}/jobs/failed`, body: "{}", retries: 0 });
  const letterId = await until(async () => (await letterIds(admin))[0]?.letterId);
  expect(await act(admin, "editAndReplayDeadLetter", { letterId, payload: {} })).toMatchObject({
    refusal: "WRONG_STATE",
  });
  expect(await act(admin, "replayDeadLetter", { letterId })).toMatchObject({ __typename: "DeadLetter" });
  await until(async () => (await letterIds(admin)).some((letter) => letter.letterId !== letterId));
});

test("who replays what another replays at once is told that it is on its way, or gone; nobody of a bug", async () => {
  const shop = await openShop({ env });
  const admin = await hire(shop, "kim", "admin");
  await shop.app.queue.client.publish({ url: `${shop.app.url}/jobs/failed`, body: "{}", retries: 0 });
  const letterId = await until(async () => (await letterIds(admin))[0]?.letterId);
  const answers = await Promise.all([
    ...Array.from({ length: 4 }, () => act(admin, "replayDeadLetter", { letterId })),
    act(admin, "replayDeadLetters", { job: "failed" }),
  ]);
  const names = answers.map((answer) => answer?.__typename);
  expect(names.filter((name) => !["DeadLetter", "NotFound", "DeadLetterReplays"].includes(name))).toEqual([]);
});

test("dead letters are replayed by the status and the words of their last answer; the others stay", async () => {
  let failing = true;
  const { shop, admin } = await failingShop((page) => {
    if (!failing || page === 0) return undefined;
    return page % 2 === 0
      ? new Response("Disk full", { status: 507 })
      : new Response(`no, page ${page}`, { status: 500 });
  });
  await shop.members(900);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  const pages = async (args: string) => (await letterIds(admin, args)).map(({ payload }) => payload.page).sort();
  expect(await pages("(status: 507)")).toEqual([2, 4, 6, 8]);
  expect(await pages("(first: 200)")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  failing = false;
  const replay = (input: unknown) => act(admin, "replayDeadLetters", input);
  expect(await replay({ job: "campaign-plan" })).toMatchObject({ replayed: 0, more: false });
  expect(await replay({ status: 507, limit: 3 })).toMatchObject({ replayed: 3, more: true });
  expect(await replay({ status: 507, job: "campaign-page" })).toMatchObject({ replayed: 1, more: false });
  expect(await pages("(first: 200)")).toEqual([1, 3, 5, 7]);
  expect(await replay({ answerContains: "NO, page 5" })).toMatchObject({ replayed: 1, more: false });
  const some = await replay({ answerContains: "no, page", limit: 2 });
  expect(some).toMatchObject({ replayed: 2, more: true });
  expect(await replay({ answerContains: "no, page", after: some.endCursor })).toMatchObject({
    replayed: 1,
    more: false,
  });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 900 });
  expect(await letterIds(admin)).toEqual([]);
  expect(await replay({ limit: 0 })).toMatchObject({ refusal: "INVALID_INPUT", issues: [{ path: "limit" }] });
  for (const answerContains of [null, "x"]) {
    expect(await replay({ answerContains, after: "no cursor" })).toMatchObject({
      refusal: "INVALID_INPUT",
      issues: [{ path: "after" }],
    });
  }
});

test("limits and flows that cannot be are refused with their places", async () => {
  const shop = await openShop();
  const admin = await hire(shop, "kim", "admin");
  const faults = async (mutation: string, input: unknown) =>
    (await act(admin, mutation, input)).issues.map(({ path }: { path: string }) => path);
  expect(await faults("pauseFlow", { flow: "nowhere" })).toEqual(["flow"]);
  expect(await faults("resumeFlow", { flow: "pages/../x" })).toEqual(["flow"]);
  expect(await faults("clearFlowLimits", { flow: "__proto__" })).toEqual(["flow"]);
  expect(await faults("setFlowLimits", { flow: "pages" })).toEqual(["parallelism"]);
  expect(await faults("setFlowLimits", { flow: "pages", parallelism: 0 })).toEqual(["parallelism"]);
  expect(await faults("setFlowLimits", { flow: "pages", parallelism: 1, periodSeconds: 2 })).toEqual(["periodSeconds"]);
  expect(await faults("setFlowLimits", { flow: "pages", rate: 100_001, periodSeconds: 700_000 })).toEqual([
    "rate",
    "periodSeconds",
  ]);
  expect(await act(admin, "pauseFlow", { flow: "webhooks.3" })).toMatchObject({ name: "webhooks.3", paused: true });
});

test("a flow that only the queue still knows can be let go on, and have its limits taken off", async () => {
  const shop = await openShop();
  const admin = await hire(shop, "kim", "admin");
  const { client, settings } = shop.app.queue;
  await client.flowControl.pause(flowKey(settings, "earlier"));
  await client.flowControl.pin(flowKey(settings, "earlier"), { parallelism: 2 });
  const { queueStatus } = await admin.get("{ queueStatus { queue { flows { name paused pinned } } } }");
  expect(queueStatus.queue.flows).toContainEqual({ name: "earlier", paused: true, pinned: true });
  for (let times = 0; times < 2; times++)
    expect(await act(admin, "resumeFlow", { flow: "earlier" })).toMatchObject({ name: "earlier", paused: false });
  expect(await act(admin, "clearFlowLimits", { flow: "earlier" })).toMatchObject({ pinned: false });
  const { audit } = await admin.get("{ audit(kind: FLOW) { nodes { what } } }");
  expect(audit.nodes).toEqual([{ what: "given its usual limits back" }, { what: "resumed" }]);
});

test("a viewer reads, an editor steers and replays, an admin deletes and cancels", async () => {
  const shop = await openShop();
  const [viewer, editor] = [await hire(shop, "vi", "viewer"), await hire(shop, "ed", "editor")];
  expect(await viewer.get("{ queueStatus { queue { inFlight { running } } } }")).toBeDefined();
  expect((await queueMessages(viewer, "first: 1")).nodes.length).toBeLessThan(2);
  const steering = {
    pauseFlow: { flow: "pages" },
    resumeFlow: { flow: "pages" },
    setFlowLimits: { flow: "pages", rate: 5 },
    clearFlowLimits: { flow: "pages" },
    retryMessage: { messageId: "none" },
    replayDeadLetter: { letterId: "none" },
    replayDeadLetters: {},
    editAndReplayDeadLetter: { letterId: "none", payload: {} },
  };
  for (const [mutation, input] of Object.entries(steering)) {
    expect(await act(viewer, mutation, input)).toMatchObject({ refusal: "FORBIDDEN" });
    expect((await act(editor, mutation, input)).refusal).not.toBe("FORBIDDEN");
  }
  expect(await act(editor, "cancelMessage", { messageId: "none" })).toMatchObject({ refusal: "FORBIDDEN" });
  expect(await act(editor, "deleteDeadLetter", { letterId: "none" })).toMatchObject({ refusal: "FORBIDDEN" });
  expect((await shop.ctx.db.all(sql`SELECT 1 FROM outbox WHERE name = 'none'`)).length).toBe(0);
});

/**
 * Messages of another installation that shares the queue: one that waits in a flow of its own called as ours, one that
 * died.
 */
async function neighbour(shop: Shop) {
  const { client, settings } = shop.app.queue;
  const theirs = { ...settings, installation: "theirs", jobsUrl: `${shop.app.url}/theirs/jobs` };
  const url = `${theirs.jobsUrl}/campaign-page`;
  const key = flowKey(theirs, "pages");
  await client.flowControl.pause(key);
  const { messageId } = await client.publish({ url, body: "{}", flowControl: { key, parallelism: 1 } });
  await client.publish({ url, body: "{}", retries: 0 });
  const letter = (await until(async () => (await client.dlq.listMessages()).messages[0]))!;
  return { key, messageId, dead: letter.messageId, letterId: letter.dlqId };
}

test("what another installation has in the same queue is neither shown nor counted nor touched", async () => {
  const shop = await openShop({ env });
  const admin = await hire(shop, "kim", "admin");
  const theirs = await neighbour(shop);
  const about = [theirs.messageId, theirs.dead];
  for (const id of about) {
    expect(await queueMessage(admin, id)).toBeNull();
    expect(await act(admin, "retryMessage", { messageId: id })).toMatchObject({ refusal: "NOT_FOUND" });
    expect(await act(admin, "cancelMessage", { messageId: id })).toMatchObject({ refusal: "NOT_FOUND" });
  }
  const { nodes } = await queueMessages(admin, "first: 100");
  expect(nodes.filter(({ messageId }) => about.includes(messageId))).toEqual([]);
  expect(nodes.filter(({ job }) => job === "campaign-page")).toEqual([]);
  expect(
    await act(admin, "editAndReplayDeadLetter", { letterId: theirs.letterId, payload: { run: 1, page: 1 } }),
  ).toMatchObject({ refusal: "NOT_FOUND" });
  expect(await act(admin, "replayDeadLetters", { answerContains: "" })).toMatchObject({ replayed: 0 });
  expect(await act(admin, "resumeFlow", { flow: "pages" })).toMatchObject({ waiting: 0, paused: false });
  const { queueStatus } = await admin.get(
    "{ queueStatus { queue { flows { name waiting } deadLetters { atLeast more } rates { deadPerMinute } } } }",
  );
  expect(queueStatus.queue).toMatchObject({ deadLetters: { atLeast: 0, more: false }, rates: { deadPerMinute: 0 } });
  expect(queueStatus.queue.flows.every(({ waiting }: { waiting: number }) => waiting === 0)).toBe(true);
  const { client } = shop.app.queue;
  expect(await client.flowControl.get(theirs.key)).toMatchObject({ isPaused: true, waitListSize: 1 });
  expect((await client.dlq.listMessages()).messages).toHaveLength(1);
});

test("a message that was replayed is known by its subject, so that the sweep makes no second one of it", async () => {
  let failing = true;
  const { shop, admin } = await failingShop((page) =>
    failing && page === 1 ? new Response("no", { status: 500 }) : undefined,
  );
  await shop.members(200);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "FAILED");
  failing = false;
  await act(admin, "pauseFlow", { flow: "pages" });
  const [letter] = await letterIds(admin);
  await act(admin, "replayDeadLetter", { letterId: letter?.letterId });
  await until(async () => (await openMessages(admin, run))[0]?.why.verdict === "FLOW_PAUSED");
  shop.pass(120_000);
  expect(await shop.sweep()).toEqual({ reissued: 0 });
  await act(admin, "resumeFlow", { flow: "pages" });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.messages()).toMatchObject({ "campaign-page": 2 });
});

test("cursors of elsewhere and names that cannot be are refused or find nothing", async () => {
  const shop = await openShop();
  const admin = await hire(shop, "kim", "admin");
  const long = "x".repeat(100_000);
  for (const after of ["log.garbage", "row.x", "log.", "x", long]) {
    const { body } = await admin.ask(
      "query ($after: String) { queueMessages(after: $after) { nodes { messageId } } }",
      {
        after,
      },
    );
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "after" }] });
  }
  const { queueMessages, deadLetters } = await admin.get(
    "query ($long: String) { queueMessages(job: $long) { nodes { job } } deadLetters(job: $long) { nodes { job } } }",
    { long },
  );
  expect([queueMessages.nodes, deadLetters.nodes]).toEqual([[], []]);
  const replay = (input: object) => act(admin, "replayDeadLetters", { answerContains: "x", ...input });
  expect(await replay({ job: long })).toMatchObject({ replayed: 0, more: false });
  expect(await replay({ after: long })).toMatchObject({ refusal: "INVALID_INPUT", issues: [{ path: "after" }] });
});

test("while the queue is away, whoever asks for it is told so, and why", async () => {
  const shop = await openShop({ env: { BROKER: "own-process", BROKER_PORT: "1" } });
  const admin = await hire(shop, "kim", "admin");
  const asked = [
    "{ queueMessages { nodes { job } } }",
    '{ queueMessage(id: "msg_1") { job } }',
    "{ deadLetters { nodes { job } } }",
    'mutation { pauseFlow(input: { flow: "EMAIL" }) { __typename } }',
    'mutation { clearFlowLimits(input: { flow: "EMAIL" }) { __typename } }',
    'mutation { cancelMessage(input: { messageId: "msg_1" }) { __typename } }',
    'mutation { replayDeadLetter(input: { letterId: "1-1" }) { __typename } }',
    "mutation { replayDeadLetters(input: {}) { __typename } }",
  ];
  for (const query of asked) {
    const { body } = await admin.ask(query);
    expect([query, body.errors?.[0]?.extensions?.code]).toEqual([query, "QUEUE_UNAVAILABLE"]);
    expect(body.errors?.[0]?.message).toContain("ECONNREFUSED");
  }
});
