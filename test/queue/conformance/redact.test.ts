import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { conformance, eventually, json, onOurs, own } from "./support.ts";

conformance();

const hidden = (value: string) => `REDACTED:${createHash("sha256").update(value).digest("hex")}`;
const secret = "the secret of the shop";

test("a redacted body is delivered in full, and shown as its hash: waiting, in the log, as a dead letter", async () => {
  const { client, call, name, shop } = own(() => new Response("no", { status: 500 }));
  const message = { url: shop.url, label: name, body: secret, redact: { body: true } } as const;
  const waiting = await client.publish({ ...message, delay: "1h" });
  expect((await client.messages.get(waiting.messageId)).body).toBe(hidden(secret));
  const { messageId } = await client.publish({ ...message, retries: 0 });
  const [delivery] = await shop.got(1);
  expect(delivery?.body).toBe(secret);
  const letter = await eventually(async () => (await client.dlq.listMessages({ filter: { messageId } })).messages[0]);
  expect(letter?.body).toBe(hidden(secret));
  const told = await json<{ body: string }>(await call("GET", `/v2/dlq/${letter!.dlqId}`));
  expect(told.body).toBe(hidden(secret));
  const { logs } = await client.logs({ filter: { messageId } });
  for (const { body = "" } of logs) expect(Buffer.from(body, "base64").toString()).not.toContain(secret);
});

test("a redacted message that is retried from the dead letters is delivered as it was, and stays hidden", async () => {
  let works = false;
  const { client, name, shop } = own(() => new Response("", { status: works ? 200 : 500 }));
  const { messageId } = await client.publish({
    url: shop.url,
    label: name,
    body: secret,
    retries: 0,
    redact: { body: true },
  });
  const letter = await eventually(async () => (await client.dlq.listMessages({ filter: { messageId } })).messages[0]);
  works = true;
  const { responses } = await client.dlq.retry(letter!.dlqId);
  const [, again] = await shop.got(2);
  expect(again?.body).toBe(secret);
  const { logs } = await client.logs({ filter: { messageId: responses[0]!.messageId } });
  expect(JSON.stringify(logs)).not.toContain(Buffer.from(secret).toString("base64").slice(0, 16));
});

test("all headers may be hidden, or those that are named", async () => {
  const { client, name, shop } = own();
  const headers = { "X-Secret": secret, "X-Public": "open" };
  const message = { url: shop.url, label: name, headers, delay: "1h" } as const;
  const all = await client.publish({ ...message, redact: { header: true } });
  const shown = (await client.messages.get(all.messageId)).header!;
  expect(shown["X-Secret"]).toEqual([hidden(secret)]);
  expect(shown["X-Public"]).toEqual([hidden("open")]);
  const one = await client.publish({ ...message, redact: { header: ["x-secret"] } });
  const some = (await client.messages.get(one.messageId)).header!;
  expect([some["X-Secret"], some["X-Public"]]).toEqual([[hidden(secret)], ["open"]]);
});

test("headers that are hidden arrive in full, and are hidden in the log", async () => {
  const { client, name, shop } = own();
  const headers = { Authorization: secret, "X-Public": "open" };
  const redact = { body: true, header: ["Authorization"] } as const;
  const { messageId } = await client.publish({
    url: shop.url,
    label: name,
    body: "b",
    headers,
    redact: { ...redact, header: [...redact.header] },
  });
  const [delivery] = await shop.got(1);
  expect([delivery?.headers.get("authorization"), delivery?.headers.get("x-public")]).toEqual([secret, "open"]);
  const logs = await eventually(async () => {
    const found = await client.logs({ filter: { messageId } });
    return found.logs.length > 0 && found.logs;
  });
  for (const { header } of logs)
    expect(header).toMatchObject({ Authorization: [hidden(secret)], "X-Public": ["open"] } as object);
});

test("headers, header, header[Name] and headers[Name] name what can be hidden; others are refused", async () => {
  const { client, call, name, shop } = own();
  const publish = (fields: string) =>
    call("POST", `/v2/publish/${shop.url}`, {
      headers: {
        "Upstash-Redact-Fields": fields,
        "Upstash-Label": name,
        "Upstash-Delay": "1h",
        "Upstash-Forward-X-A": "1",
      },
      body: "x",
    });
  for (const fields of ["body, headers", "header", "header[X-A]", "body,headers[x-a]"]) {
    const { messageId } = await json<{ messageId: string }>(await publish(fields));
    const { header, body } = await client.messages.get(messageId);
    expect([fields, header?.["X-A"], body]).toEqual([
      fields,
      [hidden("1")],
      fields.includes("body") ? hidden("x") : "x",
    ]);
  }
  const answer = await publish("body, url");
  expect([answer.status, typeof (await json(answer)).error]).toEqual([400, "string"]);
});

test("a schedule hides what it was asked to hide, alone and in the list", async () => {
  const { client, name, shop, after } = own();
  after(() => client.schedules.delete(name));
  await client.schedules.create({
    destination: shop.url,
    cron: "0 0 1 1 *",
    scheduleId: name,
    body: secret,
    headers: { "X-Secret": secret, "X-Public": "open" },
    redact: { body: true, header: ["X-Secret"] },
  });
  const listed = (await client.schedules.list()).find(({ scheduleId }) => scheduleId === name);
  for (const shown of [await client.schedules.get(name), listed!]) {
    expect(shown.body).toBe(hidden(secret));
    expect(shown.header).toMatchObject({ "X-Secret": [hidden(secret)], "X-Public": ["open"] });
  }
});

onOurs("the report to a callback has everything, and where it is shown, it hides what its message hides", async () => {
  const { client, name, shop } = own(({ path }) => new Response("", { status: path === "/called" ? 500 : 200 }));
  await client.publish({
    url: `${shop.url}/job`,
    label: name,
    body: secret,
    redact: { body: true },
    callback: `${shop.url}/called`,
    retries: 0,
  });
  const [delivery] = await shop.got(1, "/called");
  const encoded = Buffer.from(secret).toString("base64");
  expect(JSON.parse(delivery!.body).sourceBody).toBe(encoded);
  const url = `${shop.url}/called`;
  const letter = await eventually(async () => (await client.dlq.listMessages({ filter: { url } })).messages[0]);
  const { logs } = await client.logs({ filter: { url } });
  const shown = JSON.stringify(letter) + logs.map(({ body = "" }) => Buffer.from(body, "base64")).join();
  expect(shown).not.toContain(encoded);
  await client.dlq.delete(letter!.dlqId);
});
