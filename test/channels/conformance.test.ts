import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type AddressKind, factsOf } from "../../src/channels/catalog.ts";
import type { SendResult } from "../../src/channels/channel.ts";
import { type Rig, rigs } from "../support/conformance-rigs.ts";
import { batchOf, envelope } from "../support/envelopes.ts";

const badAddress: Readonly<Record<AddressKind, string>> = {
  email: "nobody-in-particular",
  phone: "no-number",
  push: "gone-token-of-a-member",
  none: "",
};

/** Addresses that a provider refuses and likes to quote. */
const quotable: Readonly<Record<AddressKind, string>> = {
  email: "jane.doe+news@",
  phone: "+1 555 0100 tel",
  push: "gone:APA91bHPRgkF3JUikC4ENAHEeMrd41Zxv3hVZjC9KtT8OvPVGJ",
  none: "",
};

describe.each(rigs.map((rig) => [rig.title, rig] as const))("%s", (_, { channel, open }) => {
  let rig: Rig;
  beforeEach(() => {
    rig = open();
  });
  afterEach(async () => await rig.close());

  const results = async (batch = batchOf(channel, 10)): Promise<readonly SendResult[]> => {
    const outcome = await rig.sender.send(batch);
    if (outcome.kind !== "results") throw new Error(`the batch as a whole: ${outcome.kind}`);
    return outcome.results;
  };

  test("sends every envelope once and names each send", async () => {
    const sent = await results();
    expect(sent.map(({ kind }) => kind)).toEqual(Array(10).fill("sent"));
    expect(new Set(sent.map((result) => result.kind === "sent" && result.providerId)).size).toBe(10);
    expect(rig.accepted().sort()).toEqual(
      batchOf(channel, 10)
        .envelopes.map(({ ref }) => ref)
        .sort(),
    );
  });

  test("answers in the envelopes' order, and one bad address never sinks its batch", async () => {
    const good = batchOf(channel, 7);
    const envelopes = good.envelopes.map((each, index) =>
      index % 3 === 1 ? { ...each, to: [badAddress[factsOf(channel).address]] } : each,
    );
    const kinds = (await results({ ...good, envelopes })).map(({ kind }) => kind);
    expect(kinds).toEqual(["sent", "failed", "sent", "sent", "failed", "sent", "sent"]);
    expect(rig.accepted()).toHaveLength(5);
  });

  test("an empty batch has no results", async () => {
    expect(await results({ id: "empty", envelopes: [] })).toEqual([]);
  });

  test.each(["silence", "late"] as const)(
    "%s is tried again where the provider knows repeats, and unknown where it does not",
    async (trouble) => {
      await rig.close();
      rig = open(trouble === "late" ? 500 : 100); // what is late must still have arrived
      rig.meet(trouble);
      // The provider stays silent for good, or answers after its patience: that there is an outcome is the sender's own
      // doing.
      const outcome = await rig.sender.send(batchOf(channel, 3));
      if (rig.sender.idempotent) expect(outcome.kind).toBe("retry");
      else expect(outcome).toMatchObject({ kind: "results", results: Array(3).fill({ kind: "unknown" }) });
      expect(rig.accepted()).toHaveLength(trouble === "late" ? 3 : 0);
    },
  );

  test("being turned away for now is a retry, with the provider's waiting time, and nothing is accepted", async () => {
    rig.meet("busy");
    const outcome = await rig.sender.send(batchOf(channel, 3));
    const retries = outcome.kind === "results" ? outcome.results : [outcome];
    for (const retry of retries) {
      expect(retry.kind).toBe("retry");
      expect(retry.kind === "retry" && retry.afterSeconds).toBeNumber();
    }
    expect(rig.accepted()).toEqual([]);
  });

  test("a repeated batch is one delivery where the provider knows repeats", async () => {
    const batch = batchOf(channel, 2);
    const [first, second] = [await results(batch), await results(batch)];
    expect(rig.accepted()).toHaveLength(rig.sender.idempotent ? 2 : 4);
    if (rig.sender.idempotent) expect(second).toEqual(first);
  });

  test("never throws, even when the provider is not there", async () => {
    await rig.close();
    const outcome = await rig.sender.send(batchOf(channel, 2));
    const answers = outcome.kind === "results" ? outcome.results : [outcome];
    for (const { kind } of answers) expect(kind).toBe("retry");
  });

  test("no answer quotes an address", async () => {
    const to = quotable[factsOf(channel).address];
    const [answer] = await results({ id: "quote", envelopes: [envelope(channel, 1, { to: [to] })] });
    expect(answer?.kind).toBe("failed");
    expect(answer?.kind === "failed" && answer.reason).not.toMatch(/jane|doe|555|0100|APA91/);
  });
});
