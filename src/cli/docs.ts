import { join } from "node:path";
import type { Domain } from "../context.ts";
import { domains } from "../domains.ts";
import { installationDir } from "../installation.ts";
import { defineCommand } from "./command.ts";
import { UsageError } from "./options.ts";

const path = join(installationDir, "CONTRIBUTING.md");
const [begins, ends] = ["<!-- domains: made by `bun run docs` -->", "<!-- /domains -->"];

/** CONTRIBUTING.md with its table of domains made anew from the manifests. */
export function withDomains(text: string): string {
  const [before, rest = ""] = text.split(begins);
  const after = rest.split(ends)[1];
  if (after === undefined) throw new Error(`CONTRIBUTING.md has no place for the domains: ${begins} … ${ends}`);
  return `${before}${begins}\n${domainTable(domains)}\n${ends}${after}`;
}

/**
 * Writes the table of domains into CONTRIBUTING.md, or fails when the one that stands there differs from the manifests.
 */
export const docs = defineCommand({
  name: "docs",
  usage: `fanfare docs [--write | --check]

Prints the table of domains, made from their manifests. With --write it is written into CONTRIBUTING.md, with --check
that file is compared.`,
  options: { write: { type: "boolean" }, check: { type: "boolean" } },
  async run({ write, check }) {
    const text = await Bun.file(path).text();
    const wanted = withDomains(text);
    if (write) await Bun.write(path, wanted);
    else if (!check) console.log(domainTable(domains));
    else if (text !== wanted) {
      throw new UsageError("CONTRIBUTING.md differs from the manifests: run `bun run docs` and commit it");
    }
  },
});

function domainTable(list: readonly Domain[]): string {
  const head = ["| domain | what it is | what it brings |", "| --- | --- | --- |"];
  return [...head, ...list.map((domain) => `| ${domain.name} | ${domain.about} | ${bringsOf(domain)} |`)].join("\n");
}

function bringsOf({ messages = [], terms = [], events = [], rewards = [], gauges = [], ...more }: Domain): string {
  const parts = [
    named("tables", more.tables),
    named(
      "messages",
      messages.map(({ name }) => name),
    ),
    named(
      "audience terms",
      terms.map(({ name }) => name),
    ),
    named(
      "webhook events",
      events.map(({ event }) => event.type),
    ),
    named(
      "rewards",
      rewards.map(({ kind }) => kind),
    ),
    (more.keeps ?? []).map(({ name, kept }) => `keeps \`${name}\` ${kept}`).join("; "),
    named(
      "metrics",
      gauges.map(({ name }) => name),
    ),
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function named(what: string, names: readonly string[]): string {
  return names.length === 0 ? "" : `${what}: ${names.map((name) => `\`${name}\``).join(", ")}`;
}
