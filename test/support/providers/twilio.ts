import { type Provider, startProvider } from "./provider.ts";

export const twilioAccount = { accountSid: `AC${"0".repeat(32)}`, authToken: "twilio_secret_token_of_the_shop" };

/**
 * Answers `POST …/Messages.json` as Twilio does: basic auth, error codes for wrong and opted-out numbers, no
 * idempotency.
 */
export function startTwilio(): Provider {
  const { accountSid, authToken } = twilioAccount;
  return startProvider(async ({ path, headers, body, accepted }) => {
    if (headers.get("authorization") !== `Basic ${btoa(`${accountSid}:${authToken}`)}`)
      return fault(401, 20003, "Authenticate");
    if (path !== `/2010-04-01/Accounts/${accountSid}/Messages.json`)
      return fault(404, 20404, `The requested resource ${path} was not found`);
    const form = new URLSearchParams(body);
    const to = form.get("To") ?? "";
    await Bun.sleep(Number(to.at(-1)) % 3); // answers come back in any order
    if (!/^\+\d{8,15}$/.test(to)) return fault(400, 21211, `Invalid 'To' Phone Number: ${to}`);
    if (to.endsWith("99")) return fault(400, 21610, "Attempt to send to unsubscribed recipient");
    accepted.push({ ref: URL.parse(form.get("StatusCallback") ?? "")?.searchParams.get("ref") ?? null, to });
    return Response.json({ sid: `SM${crypto.randomUUID().replaceAll("-", "")}`, status: "queued" }, { status: 201 });
  });
}

export function fault(status: number, code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json(
    { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    { status, headers },
  );
}
