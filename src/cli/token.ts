import { roles } from "../actor.ts";
import { domains } from "../domains.ts";
import { isRefusal } from "../errors.ts";
import { mintMemberToken } from "../operations/member-token.ts";
import { createToken, knownScopes, type TokenInput } from "../operations/token.ts";
import { memberTokenSettings } from "../settings.ts";
import { defineCommand } from "./command.ts";
import { offline, readInstallation } from "./offline.ts";
import { UsageError } from "./options.ts";

const scopes = knownScopes(domains);

const usage = `fanfare token operator --name NAME --role ${roles.join("|")} [--operator PERSON] [--shop NUMBER]
fanfare token service --name NAME --scope ${scopes.join("|")} [--scope …]
fanfare token member EXTERNAL_ID [--seconds 3600]     (signed with this installation's own secret: for local use)

Mints a token on the machine that holds the data, and prints it alone on standard output: it is not shown again. The
installation must be there already; DATA_DIR says where, by default this checkout's data/.`;

/** Mints a token on the machine that holds the database, and prints it: it is not shown again. */
export const token = defineCommand({
  name: "token",
  usage,
  options: {
    name: { type: "string" },
    role: { type: "string" },
    operator: { type: "string" },
    shop: { type: "string" },
    scope: { type: "string", multiple: true },
    seconds: { type: "string", default: "3600" },
  },
  takes: 2,
  async run(values, [kind, subject]) {
    if (kind === "member" && subject) await mintMember(subject, Number(values.seconds));
    else if ((kind === "operator" || kind === "service") && !subject) await mintStored(inputOf(kind, values));
    else throw new UsageError(usage);
  },
});

interface TokenOptions {
  readonly name?: string | undefined;
  readonly role?: string | undefined;
  readonly operator?: string | undefined;
  readonly shop?: string | undefined;
  readonly scope?: string[] | undefined;
}

function inputOf(kind: "operator" | "service", { name, role, operator, shop, scope = [] }: TokenOptions): TokenInput {
  if (!name) throw new UsageError(usage);
  if (kind === "operator") {
    const known = roles.find((each) => each === role);
    if (!known) throw new UsageError(usage);
    return { kind, name, role: known, operator, shop };
  }
  const asked = scopes.filter((each) => scope.includes(each));
  if (asked.length === 0 || asked.length < new Set(scope).size) throw new UsageError(usage);
  return { kind, name, scopes: asked };
}

async function mintMember(externalId: string, seconds: number): Promise<void> {
  if (!(seconds > 0)) throw new UsageError("--seconds takes a positive number");
  const env = readInstallation();
  if (env.MEMBER_JWT_JWKS_URL)
    throw new UsageError("members' tokens are checked with the shop's keys (MEMBER_JWT_JWKS_URL): the shop mints them");
  console.log(await mintMemberToken(memberTokenSettings(env), externalId, seconds, Date.now()));
}

async function mintStored(input: TokenInput): Promise<void> {
  const made = await offline("cli", (ctx) => createToken(ctx, input));
  if (isRefusal(made)) throw new UsageError(made.message);
  console.log(made.token);
}
