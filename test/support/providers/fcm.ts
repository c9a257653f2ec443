import { generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import { type Answers, type Provider, startProvider } from "./provider.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const email = "fanfare@shop.iam.gserviceaccount.test";

/** A service account's key file that the server below knows. */
export const serviceAccount = JSON.stringify({
  type: "service_account",
  project_id: "shop",
  private_key_id: "key-1",
  private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  client_email: email,
  token_uri: "https://oauth2.test/token",
});

interface Tokens {
  /** Access tokens handed out so far. */
  readonly granted: string[];
  /** Takes none of the access tokens handed out so far any longer. */
  revoke(): void;
}

export interface Fcm extends Provider, Tokens {}

export function startFcm(): Fcm {
  const { answers, granted, revoke } = fcmAnswers(() => `${provider.url}/token`);
  const provider = startProvider(answers, ["/token"]);
  return Object.assign(provider, { granted, revoke });
}

/**
 * Answers `/token` as Google's OAuth server and `messages:send` as FCM HTTP v1 do. Tokens that start with `gone` are
 * unregistered.
 */
export function fcmAnswers(tokenUrl: () => string): Tokens & { readonly answers: Answers } {
  const granted: string[] = [];
  const valid = new Set<string>();
  const answers: Answers = async ({ path, headers, body, accepted }) => {
    if (path === "/token") {
      const token = await grant(new URLSearchParams(body), tokenUrl());
      if (!token) return Response.json({ error: "invalid_grant" }, { status: 400 });
      granted.push(token);
      valid.add(token);
      return Response.json({ access_token: token, expires_in: 3_599, token_type: "Bearer" });
    }
    if (path !== "/v1/projects/shop/messages:send") return fault(404, "NOT_FOUND", "Requested entity was not found.");
    if (!valid.has(headers.get("authorization")?.slice("Bearer ".length) ?? ""))
      return fault(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    const { token, data } = JSON.parse(body).message;
    if (token.startsWith("gone")) return fault(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED");
    if (token.startsWith("bad"))
      return fault(
        400,
        "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token",
        "INVALID_ARGUMENT",
      );
    if (token.startsWith("foreign")) return fault(403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH");
    accepted.push({ ref: data.ref, to: token });
    return Response.json({ name: `projects/shop/messages/${crypto.randomUUID()}` });
  };
  return { answers, granted, revoke: () => valid.clear() };
}

async function grant(form: URLSearchParams, audience: string): Promise<string | undefined> {
  try {
    await jwtVerify(form.get("assertion") ?? "", publicKey, { issuer: email, audience, algorithms: ["RS256"] });
    return crypto.randomUUID();
  } catch {
    return undefined;
  }
}

export function fault(
  code: number,
  status: string,
  message: string,
  errorCode?: string,
  headers: Record<string, string> = {},
): Response {
  const details = errorCode ? [{ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode }] : [];
  return Response.json({ error: { code, message, status, details } }, { status: code, headers });
}
