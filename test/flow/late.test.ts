import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { hire } from "../support/operators.ts";
import { act, type SeenMessage } from "../support/queue.ts";
import { closeShops, openShop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const readme = await Bun.file(join(import.meta.dir, "../../README.md")).text();

/** The operations that the README's section on late messages shows, by the field that they ask for. */
function operationsOfReadme(): ReadonlyMap<string, string> {
  const section = readme.split("### When a message is late")[1]?.split("\n## ")[0] ?? "";
  const blocks = [...section.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  const operations = blocks.flatMap((text) => text.split(/\n(?=query|mutation)/));
  return new Map(operations.map((text) => [/\{\s*(\w+)/.exec(text)?.[1] ?? "", text]));
}

test("the README's operations alone tell why a message is late, and mend it: paused, failing, given up", async () => {
  const operations = operationsOfReadme();
  const faults = { job: "", status: 500, text: "" };
  const shop = await openShop({
    env: { QUEUE_RETRIES: "1" },
    deliver: async (request) =>
      request.url.endsWith(`/${faults.job}`) ? new Response(faults.text, { status: faults.status }) : fetch(request),
  });
  const editor = await hire(shop, "ed", "editor");
  const run = async (name: string, changes: Readonly<Record<string, string>> = {}) => {
    const text = operations.get(name) ?? "";
    const data = await editor.get(Object.entries(changes).reduce((all, [from, to]) => all.replace(from, to), text));
    return data[name];
  };
  const newest = async () => (await run("runs")).nodes[0].openMessages as SeenMessage[];
  const late = async (verdict: string) =>
    (await until(async () => (await newest()).find(({ why }) => why.verdict === verdict)))!;

  // A channel that someone has paused.
  await shop.members(150);
  await act(editor, "pauseFlow", { flow: "EMAIL" });
  const paused = await shop.launched({ channels: ["EMAIL"] });
  expect((await late("FLOW_PAUSED")).why.advice).toContain("resumeFlow");
  expect((await run("queueStatus")).queue.flows).toContainEqual(
    expect.objectContaining({ name: "EMAIL", paused: true }),
  );
  expect(await run("resumeFlow")).toMatchObject({ paused: false });
  expect(await run("setFlowLimits")).toEqual({});
  await shop.becomes(paused, "COMPLETED");

  // A job that fails for a while.
  Object.assign(faults, { job: "campaign-page", status: 500, text: "no database" });
  const failing = await shop.launched({ channels: ["IN_APP"] });
  const retrying = await late("RETRYING");
  expect(retrying.attempts).toMatchObject([{ status: 500, answer: "no database" }]);
  faults.job = "";
  expect(await run("retryMessage", { "…": retrying.messageId })).toMatchObject({ messageId: expect.any(String) });
  await shop.becomes(failing, "COMPLETED");

  // One that fails until it is given up, and one whose payload is wrong.
  Object.assign(faults, { job: "campaign-page", status: 503, text: "overloaded" });
  const dead = await shop.launched({ channels: ["IN_APP"] });
  await late("RETRYING");
  shop.pass(60_000); // its last try comes
  await shop.becomes(dead, "FAILED");
  faults.job = "";
  expect(await run("replayDeadLetters")).toMatchObject({ replayed: 1, more: false });
  await shop.becomes(dead, "COMPLETED");

  await shop.app.queue.client.publish({ url: `${shop.app.url}/jobs/campaign-page`, body: '{"run":"x"}', retries: 0 });
  const { nodes } = await until(async () => {
    const { deadLetters } = await editor.get("{ deadLetters { nodes { letterId } } }");
    return deadLetters.nodes.length > 0 && deadLetters;
  });
  const edit = (payload: string) =>
    run("editAndReplayDeadLetter", { "…": nodes[0].letterId, "{ run: 7, page: 12 }": payload });
  expect(await edit('{ run: "x", page: 1 }')).toMatchObject({ issues: [{ path: "payload.run" }] });
  expect(await edit(`{ run: ${dead}, page: 1 }`)).toEqual({ job: "campaign-page" });
  expect(await shop.faults(dead)).toEqual([]);
}, 60_000);
