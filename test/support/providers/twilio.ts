import { type Answers, type Provider, startProvider } from "./provider.ts";

export const twilioAccount = { accountSid: `AC${"0".repeat(32)}`, authToken: "twilio_secret_token_of_the_shop" };

export function startTwilio(): Provider {
  return startProvider(twilioAnswers());
}

/**
 * Answers `POST …/Messages.json` as Twilio does: basic auth, error codes for wrong and opted-out numbers and for
 * templates that are none, no idempotency.
 */
export function twilioAnswers(): Answers {
  const { accountSid, authToken } = twilioAccount;
  return async ({ path, headers, body, accepted }) => {
    if (headers.get("authorization") !== `Basic ${btoa(`${accountSid}:${authToken}`)}`)
      return fault(401, 20003, "Authenticate");
    if (path !== `/2010-04-01/Accounts/${accountSid}/Messages.json`)
      return fault(404, 20404, `The requested resource ${path} was not found`);
    const form = new URLSearchParams(body);
    const to = form.get("To") ?? "";
    await Bun.sleep(Number(to.at(-1)) % 3); // answers come back in any order
    if (!/^\+\d{8,15}$/.test(to)) return fault(400, 21211, `Invalid 'To' Phone Number: ${to}`);
    if (to.endsWith("99")) return fault(400, 21610, "Attempt to send to unsubscribed recipient");
    const wrong = wrongWords(form);
    if (wrong) return wrong;
    accepted.push({ ref: URL.parse(form.get("StatusCallback") ?? "")?.searchParams.get("ref") ?? null, to });
    return Response.json({ sid: `SM${crypto.randomUUID().replaceAll("-", "")}`, status: "queued" }, { status: 201 });
  };
}

function wrongWords(form: URLSearchParams): Response | undefined {
  const [body, sid, variables] = [form.get("Body"), form.get("ContentSid"), form.get("ContentVariables")];
  if (!body && !sid) return fault(400, 21619, "A text message body or media urls must be specified.");
  if (!sid) return variables === null ? undefined : fault(400, 21654, "ContentSid Required");
  if (!/^HX[0-9a-fA-F]{32}$/.test(sid)) return fault(400, 21655, "The ContentSid is Invalid");
  const isFit = (value: unknown) => typeof value === "string" && /^(?!.* {5})[^\n\t]{1,1600}$/.test(value);
  return variables === null || Object.values(JSON.parse(variables)).every(isFit)
    ? undefined
    : fault(400, 21656, "The ContentVariables Parameter is invalid");
}

export function fault(status: number, code: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json(
    { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    { status, headers },
  );
}
