import { sql } from "drizzle-orm";
import { z } from "zod";
import { type Role, roles, type Scope } from "../actor.ts";
import { type Context, type Domain, withTransaction } from "../context.ts";
import type { Database } from "../db/client.ts";
import { inOrder } from "../db/in-order.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { shopNumber } from "../shop.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { adminTokens, type Operator, operatorNamed, personName } from "./operator.ts";

/** A token that lets an operator or the shop's backend in; the secret itself is not kept. */
export type AccessToken = {
  readonly id: number;
  readonly name: string;
  /** Milliseconds since 1970 UTC. */
  readonly createdAt: number;
  readonly revokedAt: number | undefined;
} & Power;

type Power =
  | { readonly kind: "operator"; readonly role: Role; readonly operator: Operator }
  | { readonly kind: "service"; readonly scopes: readonly Scope[] };

const scope = z.custom<Scope>((value) => typeof value === "string" && /^[a-z_]+:[a-z_]+$/.test(value));
const TokenInput = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("operator"),
    name: personName,
    role: z.enum(roles),
    /** The person whose it is; who is called as the token is, unless given. */
    operator: personName.optional(),
    /** The only shop that the person works for; all of them, or as is known of the person, unless given. */
    shop: shopNumber.optional(),
  }),
  z.object({ kind: z.literal("service"), name: personName, scopes: z.array(scope).min(1, "name at least one scope") }),
]);
export type TokenInput = z.input<typeof TokenInput>;

/** What a service may be allowed, by the manifests of the domains. */
export function knownScopes(domains: readonly Domain[]): Scope[] {
  return domains.flatMap(({ scopes = {} }) => Object.keys(scopes) as Scope[]);
}

/** A token just made: the only time that its secret is seen. */
export interface MadeToken {
  /** `ff_op_…` or `ff_sv_…`, 49 characters. */
  readonly token: string;
  readonly record: AccessToken;
}

/**
 * Makes a token for an operator (with a role) or a service (with scopes). A person of a name that is not known yet is
 * written down with it. Refuses faulty input; CONFLICT: the person works for another shop.
 */
export async function createToken(ctx: Context, input: TokenInput) {
  const parsed = parseInput(TokenInput, input);
  if (isRefusal(parsed)) return parsed;
  const { kind } = parsed;
  const known = knownScopes(ctx.domains);
  const strange = parsed.kind === "service" ? parsed.scopes.filter((each) => !known.includes(each)) : [];
  if (strange.length > 0) {
    const message = `there is no scope ${strange.join(", ")}; there are ${known.join(", ")}`;
    return refuse.invalid([{ path: "scopes", message }]);
  }
  return withTransaction(ctx, (tx) => insertToken(tx, parsed, newSecret(kind)));
}

async function insertToken(tx: Context, input: z.output<typeof TokenInput>, token: string) {
  const { kind, name } = input;
  const role = input.kind === "operator" ? input.role : null;
  const allowed = input.kind === "service" ? [...new Set(input.scopes)] : [];
  const operator = input.kind === "operator" ? await operatorNamed(tx, input.operator ?? name, input.shop) : undefined;
  if (isRefusal(operator)) return operator;
  await tx.db.write([
    sql`INSERT INTO access_token (hash, name, kind, role, scopes, operator, created_at)
        VALUES (${hashOf(token)}, ${name}, ${kind}, ${role}, ${JSON.stringify(allowed)}, ${operator?.id ?? null},
          ${tx.clock()})`,
    ...(operator ? [auditDeed(tx, subjectOf("operator", operator.id), `was given a token as ${role}: ${name}`)] : []),
  ]);
  const record = await findToken(tx.db, token);
  if (!record) throw new Error("a token was written and is not there");
  await tx.db.write([
    auditDeed(
      tx,
      subjectOf("token", record.id),
      `made for ${operator ? `an operator, as ${role}` : allowed.join(", ")}`,
    ),
  ]);
  return { token, record } satisfies MadeToken;
}

/**
 * Takes a token's power away, within 5 seconds everywhere. Repeating it changes nothing.
 * Refuses an unknown id, and the last admin's token: nobody could make another.
 */
export async function revokeToken(ctx: Context, id: number) {
  return withTransaction(ctx, async (tx) => {
    const { db, clock } = tx;
    const found = await tokenById(db, id);
    if (!found) return refuse.notFound("token", id);
    if (found.revokedAt !== undefined) return found;
    if (isAdmin(found) && (await countAdmins(db)) === 1) {
      return refuse.conflict("this is the last admin's token: make another one first, then revoke this with that");
    }
    const at = clock();
    await db.write([
      sql`UPDATE access_token SET revoked_at = ${at} WHERE id = ${id} AND revoked_at IS NULL`,
      auditDeed(tx, subjectOf("token", id), "revoked"),
      ...(found.kind === "operator"
        ? [auditDeed(tx, subjectOf("operator", found.operator.id), `lost a token: ${found.name}`)]
        : []),
    ]);
    return { ...found, revokedAt: at };
  });
}

/**
 * Tokens in the order they were made, revoked ones too, at most `limit` after the one with id `after`; perhaps only one
 * person's.
 */
export async function listTokens(
  ctx: Context,
  { operator, after = 0, limit }: { operator?: number; after?: number | undefined; limit: number },
): Promise<AccessToken[]> {
  const whose = operator === undefined ? sql`1` : sql`t.operator = ${operator}`;
  const rows = await ctx.db.all<Row>(sql`${tokens} WHERE ${whose} AND t.id > ${after} ORDER BY t.id LIMIT ${limit}`);
  return rows.map(fromRow);
}

/** The token of this secret, when it was not revoked. Only its hash is compared, so timing tells nothing of it. */
export async function findToken(db: Database, token: string): Promise<AccessToken | undefined> {
  const row = await db.first<Row>(sql`${tokens} WHERE t.hash = ${hashOf(token)} AND t.revoked_at IS NULL`);
  return row && fromRow(row);
}

/** On the first boot, when no admin's token exists, makes one and answers it; later, nothing. */
export async function ensureAdminToken(ctx: Context): Promise<string | undefined> {
  if ((await countAdmins(ctx.db)) > 0) return undefined; // as at nearly every boot
  return withTransaction(ctx, async (tx) => {
    if ((await countAdmins(tx.db)) > 0) return undefined;
    const made = await createToken(tx, { kind: "operator", name: "first admin", role: "admin" });
    return "token" in made ? made.token : undefined;
  });
}

const tokens = sql`
  SELECT t.*, o.name AS operator_name, o.shop FROM access_token t LEFT JOIN operator o ON o.id = t.operator`;

interface Row {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly role: string | null;
  readonly scopes: string;
  readonly operator: number | null;
  readonly operator_name: string | null;
  readonly shop: string | null;
  readonly created_at: number;
  readonly revoked_at: number | null;
}

const Power = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("operator"),
    role: z.enum(roles),
    operator: z.object({ id: z.int(), name: z.string(), shop: z.string() }),
  }),
  z.object({ kind: z.literal("service"), scopes: z.array(scope) }),
]);

function fromRow(row: Row): AccessToken {
  const operator = { id: row.operator, name: row.operator_name, shop: row.shop };
  const power = Power.parse({ kind: row.kind, role: row.role, operator, scopes: JSON.parse(row.scopes) });
  const { id, name, created_at: createdAt, revoked_at: revokedAt } = row;
  return { id, name, createdAt, revokedAt: revokedAt ?? undefined, ...power };
}

/** The tokens of these ids, each in its id's place; undefined where there is none. */
export async function tokensById(ctx: Context, ids: readonly number[]): Promise<(AccessToken | undefined)[]> {
  const rows = await ctx.db.all<Row>(
    sql`${tokens} WHERE t.id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
  );
  return inOrder(ids, rows.map(fromRow));
}

async function tokenById(db: Database, id: number): Promise<AccessToken | undefined> {
  const row = await db.first<Row>(sql`${tokens} WHERE t.id = ${id}`);
  return row && fromRow(row);
}

/** How many tokens let somebody make tokens. */
async function countAdmins(db: Database): Promise<number> {
  const row = await db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM ${adminTokens}`);
  return row?.n ?? 0;
}

function isAdmin(token: AccessToken): boolean {
  return token.kind === "operator" && token.role === "admin" && token.operator.shop === "";
}

const prefixes = { operator: "ff_op_", service: "ff_sv_" } as const;

/** 256 random bits behind a prefix that says, to people and to secret scanners, what it is. */
function newSecret(kind: Power["kind"]): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return prefixes[kind] + Buffer.from(bytes).toString("base64url");
}

function hashOf(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("hex");
}
