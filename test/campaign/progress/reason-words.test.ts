import { expect, test } from "bun:test";
import { outcomesOf } from "../../../src/campaign/delivery/send-outcome.ts";
import { sendStates } from "../../../src/campaign/ledger/send-state.ts";
import { reasonWords } from "../../../src/campaign/progress/reason-words.ts";
import { reasonOf } from "../../../src/channels/failure-reason.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";

test("a refusal of Resend is kept and told whole, cut between words where it is very long", async () => {
  const { ctx } = await openLedger();
  const reasonAfter = (text: string) => {
    const envelope = { ref: "7:1:EMAIL", to: ["kim@shop.example"], parts: {} };
    const reason = reasonOf("Resend", "validation_error", text, envelope.to);
    return outcomesOf(ctx, [envelope], [{ kind: "failed", reason }])[0]?.reason ?? "";
  };
  const reason = reasonAfter("Invalid `to` field: kim@shop.example");
  expect(reason).toBe("RESEND_REFUSED_IT_VALIDATION_ERROR_INVALID_TO_FIELD_ADDRESS");
  expect(reasonWords("FAILED", reason)).toBe(
    "The provider refused it for good: resend refused it validation error invalid to field address.",
  );
  const long = reasonAfter("word ".repeat(40));
  expect(long.length).toBeLessThanOrEqual(100);
  expect(long).toEndWith("_WORD");
  await closeLedgers();
});

test("every state has words for its reasons, ours and a provider's", () => {
  expect(reasonWords("UNKNOWN", "CANCELLED_WHILE_SENDING")).toContain("was cancelled while the provider had it");
  expect(reasonWords("UNKNOWN", "LOST_WHILE_SENDING")).toContain("ended before the provider's answer");
  expect(reasonWords("PENDING", "QUIET_HOURS")).toContain("quiet hours end");
  expect(reasonWords("SKIPPED", "NO_CONSENT")).toContain("has not agreed");
  for (const state of sendStates) expect(reasonWords(state, "SOMETHING_ELSE")).toMatch(/^[A-Z].+\.$/);
});
