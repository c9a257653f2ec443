import type { TemplateScope } from "./template.ts";

/** What is known of a variable of templates. */
export interface VariableFacts {
  /** What it says, for operators. */
  readonly about: string;
  /** A value as a template is given it. */
  readonly example: unknown;
  /** How it is written, where it is not put out as it is. */
  readonly usage?: string;
}

/** Variables of templates by their names: `member.name`, or `unsubscribeUrl`, which is a text itself. */
export type Variables = Readonly<Record<string, VariableFacts>>;

/** What every message may say. */
export const commonVariables = {
  "member.id": { about: "The member's id with us.", example: "m_8Zk1" },
  "member.externalId": { about: "The member's id with the shop.", example: "4711" },
  "member.name": { about: "What the member is called; empty where nobody said.", example: "Kim" },
  "member.email": { about: "The member's e-mail address; empty where there is none.", example: "kim@example.com" },
  "member.locale": { about: "The member's language, BCP 47.", example: "en" },
  "member.timeZone": { about: "The member's time zone, IANA, or the shop's.", example: "Europe/Berlin" },
  "member.level": { about: "The member's level.", example: 3 },
  "member.points": { about: "The member's points.", example: 120 },
  "member.totalSpend": { about: "What the member has spent, in minor units.", example: 45_900 },
  "member.accountType": { about: "The kind of the member's account.", example: "personal" },
  "member.birthday": { about: "The member's birthday; empty where it is not known.", example: "1990-05-17" },
  "campaign.name": { about: "The campaign's name.", example: "Spring sale" },
  "shop.name": { about: "The shop's name.", example: "Fanfare" },
} as const satisfies Variables;

/** What every message may say, too, under whatever name the shop gives it. */
export const attributes: VariableFacts & { readonly name: string } = {
  name: "member.attributes.<name>",
  about: "An attribute of the member, by its path; nothing where the member has none.",
  example: "Graz",
  usage: "{{ member.attributes.city }}",
};

/** What messages may say on channels that have such a link. */
export const wayOutVariables: Variables = {
  unsubscribeUrl: {
    about: "The member's own link to unsubscribe. It stands at the end of a message that does not say it.",
    example: "https://shop.example/u/eyJ0byI6InVuc3Vic2NyaWJlIn0.q8Zk1",
  },
};

/**
 * The examples as templates read values. The one cast of them: those of {@link commonVariables} are a scope but for
 * attributes.
 */
export function exampleScope(variables: Variables, attributes: Readonly<Record<string, unknown>> = {}): TemplateScope {
  const scope = examplesOf({ ...commonVariables, ...variables });
  return { ...scope, member: { ...Object(scope.member), attributes } } as unknown as TemplateScope;
}

/** The examples as templates read values: `{ member: { name: "Kim", … }, … }`. */
function examplesOf(variables: Variables): Readonly<Record<string, unknown>> {
  const scope: Record<string, unknown> = {};
  const roots: Record<string, Record<string, unknown>> = {};
  for (const [name, { example }] of Object.entries(variables)) {
    const [root = "", field] = name.split(".");
    if (field === undefined) scope[root] = example;
    else {
      roots[root] ??= {};
      roots[root][field] = example;
    }
  }
  return { ...scope, ...roots };
}
