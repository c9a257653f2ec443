import { sql } from "drizzle-orm";
import type { Actor } from "../actor.ts";
import { askTogether } from "../ask-together.ts";
import type { Context } from "../context.ts";
import type { Database } from "../db/client.ts";
import { prepared } from "../db/statement.ts";
import { languageOf } from "../language.ts";
import { andThen, type MaybePromise } from "../maybe-promise.ts";
import { type Memory, perApp } from "../memory.ts";
import { externalIdForms } from "../value/external-id.ts";
import { stillWaits, type Timers, type World } from "../world.ts";
import { type CredentialFault, type MemberTokenSettings, memberTokenVerifier } from "./member-token.ts";
import { type AccessToken, findToken, tokensById } from "./token.ts";

/** Who a request is from, or what is wrong with the credentials it carries. */
export type SignIn = { readonly actor: Actor } | { readonly fault: CredentialFault };

export interface SignInParts extends Pick<World, "clock" | "timers"> {
  readonly db: Database;
  readonly memory: Memory;
  /** Absent while the shop's tokens are not set up: then no member can sign in. */
  readonly members: MemberTokenSettings | undefined;
  readonly isProduction?: boolean;
}

/**
 * Holds an operator's token for pages in the browser; `SameSite=Strict`, never readable by scripts. In production its
 * name makes browsers refuse it from anywhere but this very host over https.
 */
export function operatorCookie(isProduction: boolean): string {
  return isProduction ? "__Host-fanfare_operator" : "fanfare_operator";
}

/** Answers "who is asking?": at once, where nothing has to be looked up. */
export type SignInOf = (request: Request) => MaybePromise<SignIn>;

/**
 * Makes the answer to "who is asking?": `Authorization: Bearer ff_op_…` or `ff_sv_…`, a member's JWT, or else the
 * operator's cookie. No credentials at all are fine (anonymous); faulty ones never are. Lookups are remembered for 5 s.
 */
export function createSignIn(parts: SignInParts): SignInOf {
  const { db, members, clock, timers, isProduction = false } = parts;
  const tokens = members && memberTokenVerifier(members, parts);
  const tokenActor = remembering(perApp(parts, "operations.tokens", emptyKnown), clock, (token) =>
    actorOfToken(db, token),
  );
  const memberActor = remembering(perApp(parts, "operations.members", emptyKnown), clock, membersOf(db, timers));
  const cookie = operatorCookie(isProduction);

  const member = (externalId: string) => andThen(memberActor(externalId), (actor) => (actor ? { actor } : noMember));
  const memberBy = async (jwt: string): Promise<SignIn> => {
    if (!tokens) return fault("MEMBERS_NOT_CONFIGURED", "members cannot sign in: the shop's tokens are not set up");
    const verdict = await tokens.verify(jwt);
    return "fault" in verdict ? verdict : member(verdict.externalId);
  };

  return (request) => {
    const credentials = credentialsOf(request, cookie);
    if (credentials === undefined) return nobody;
    const known = credentials.startsWith("Bearer ") ? tokens?.recall(credentials.slice(7)) : undefined;
    if (known !== undefined) return member(known);
    const token = /^Bearer +([\w.~+/=-]{1,4096}) *$/i.exec(credentials)?.[1];
    if (!token) return fault("TOKEN_MALFORMED", "Authorization must be: Bearer, a space, and one token");
    if (!/^ff_(op|sv)_/.test(token)) return memberBy(token);
    return andThen(tokenActor(token), (actor) => (actor ? { actor } : noToken));
  };
}

const nobody: SignIn = { actor: { kind: "anonymous" } };
const noMember = fault("MEMBER_UNKNOWN", "the token is sound, but no member has its sub as externalId");
const noToken = fault("TOKEN_UNKNOWN", "no token like this was made, or it was revoked");

function credentialsOf(request: Request, name: string): string | undefined {
  const header = request.headers.get("authorization");
  if (header !== null) return header;
  const cookie = new Bun.CookieMap(request.headers.get("cookie") ?? "").get(name);
  return cookie ? `Bearer ${cookie}` : undefined;
}

async function actorOfToken(db: Database, token: string): Promise<Actor | undefined> {
  const found = await findToken(db, token);
  return found && actorWith(found);
}

/** Who comes with the token of this number, as long as it is not revoked: for what was signed in their name. */
export async function actorOfTokenId(ctx: Context, id: number): Promise<Actor | undefined> {
  const [found] = await tokensById(ctx, [id]);
  return found && found.revokedAt === undefined ? actorWith(found) : undefined;
}

function actorWith(found: AccessToken): Actor {
  const { id, name } = found;
  if (found.kind === "service") return { kind: "service", id, name, scopes: found.scopes };
  const { operator, role } = found;
  return { kind: "operator", id, operator: operator.id, name: operator.name, role, shop: operator.shop };
}

/** Looks members up by the shop's id of them; those of a crowd are asked for together. */
function membersOf(db: Database, timers: Timers): (externalId: string) => Promise<Actor | undefined> {
  return askTogether(timers, (ids: readonly string[]) => actorsOfMembers(db, ids));
}

async function actorsOfMembers(db: Database, ids: readonly string[]): Promise<(Actor | undefined)[]> {
  const forms = ids.map(externalIdForms);
  const found = await db.all<MemberRow>(membersKnownAs({ ids: JSON.stringify(forms.flat()) }));
  const byId = new Map(found.map(({ external, ...row }) => [external, memberActor(row)]));
  return forms.map((those) => those.map((form) => byId.get(form)).find((actor) => actor !== undefined));
}

const membersKnownAs = prepared<{ ids: string }>(
  ({ ids }) => sql`
    SELECT seq, id, external_id AS external, locale, time_zone AS timeZone FROM member
    WHERE external_id IN (SELECT value FROM json_each(${ids})) AND deleted_at IS NULL`,
);

interface MemberRow {
  readonly seq: number;
  readonly id: string;
  readonly external: string;
  readonly locale: string | null;
  readonly timeZone: string | null;
}

function memberActor({ seq, id, locale, timeZone }: Omit<MemberRow, "external">): Actor {
  return { kind: "member", seq, id, language: languageOf(locale), timeZone };
}

const rememberMs = 5_000;
const rememberAtMost = 50_000;

type KnownActors = Map<string, { actor: Actor; until: number }>;
const emptyKnown = (): KnownActors => new Map();

/** Remembers what was found for 5 s; what was not found is asked again, so that a new member gets in at once. */
function remembering(known: KnownActors, clock: () => number, find: (key: string) => Promise<Actor | undefined>) {
  const ask = async (key: string, now: number): Promise<Actor | undefined> => {
    known.delete(key);
    const actor = await find(key);
    if (!actor) return undefined;
    for (const oldest of known.keys().take(Math.max(0, known.size + 1 - rememberAtMost))) known.delete(oldest);
    known.set(key, { actor, until: now + rememberMs });
    return actor;
  };
  return (key: string): MaybePromise<Actor | undefined> => {
    const now = clock();
    const hit = known.get(key);
    return hit && stillWaits(hit.until, now, rememberMs) ? hit.actor : ask(key, now);
  };
}

function fault(code: CredentialFault["code"], message: string): SignIn {
  return { fault: { code, message } };
}
