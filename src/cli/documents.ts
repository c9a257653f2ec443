import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  concatAST,
  type DocumentNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  Source,
  separateOperations,
} from "graphql";
import { domains } from "../domains.ts";
import { SetupError } from "../errors.ts";
import {
  entriesOf,
  type ManifestFormat,
  manifestFormats,
  readManifest,
  writeManifest,
} from "../schema/server/document-manifest.ts";
import { buildSchemas } from "../schema/server/schemas.ts";
import { appFaceOf } from "../schema/server/server.ts";
import { defineCommand } from "./command.ts";
import { UsageError } from "./options.ts";

/** Makes the manifest of the operations that the shop's app is built with, or checks one. */
export const documents = defineCommand({
  name: "documents",
  usage: `fanfare documents FILE … [--format flat | apollo] [--out MANIFEST]
fanfare documents FILE … --check

Makes a manifest of the operations in .graphql files, or in all of those below a folder: each by itself, with the
fragments that it uses, wherever these stand. It is printed, or written into MANIFEST; the server reads it as
DOCUMENTS_FILE. Each is validated as /app would in production, and what is wrong is named with its place; --check only
does that. FILE may be a manifest, too.`,
  options: { check: { type: "boolean" }, format: { type: "string", default: "flat" }, out: { type: "string" } },
  takes: Number.POSITIVE_INFINITY,
  async run({ check, format, out }, files) {
    if (files.length === 0) throw new UsageError("Name the files or folders that hold the operations.");
    if (!isFormat(format))
      throw new UsageError(`There is no format ${format}; there are ${manifestFormats.join(", ")}.`);
    const texts = files.some((file) => file.endsWith(".json")) ? files.flatMap(inManifest) : inSources(files);
    const faults = texts.flatMap(({ text, place }) => faultsOf(text).map((fault) => told(fault, place)));
    if (faults.length > 0) throw new SetupError(faults.join("\n"));
    if (check) return console.log(`${texts.length} documents, all valid`);
    const manifest = writeManifest(
      texts.map(({ text }) => text),
      format,
    );
    if (out === undefined) return void process.stdout.write(manifest);
    await Bun.write(out, manifest);
    console.log(`${out}: ${texts.length} documents`);
  },
});

const isFormat = (word: string): word is ManifestFormat => manifestFormats.some((format) => format === word);

/** An operation's whole text, and where it came from. */
interface Found {
  readonly text: string;
  readonly place: string;
}

function inManifest(file: string): Found[] {
  const json = readFileSync(existing(file), "utf8");
  readManifest(json, file); // as the server does when it starts
  return entriesOf(json, file).map(({ id, text }) => ({ text, place: `${file}: ${id}` }));
}

/** Fragments are known by their names over all files, so that one may use those of another. */
function inSources(files: readonly string[]): Found[] {
  const parsed = files.flatMap(sourcesIn).map((path) => {
    try {
      return parse(new Source(readFileSync(path, "utf8"), path));
    } catch (error) {
      throw error instanceof GraphQLError ? new SetupError(told(error, path)) : error;
    }
  });
  const operations = parsed.flatMap(({ definitions }) => definitions).filter(isOperation);
  const nameless = operations.find(({ name }) => !name);
  if (nameless) throw new SetupError(`${nameless.loc?.source.name}: an operation has no name`);
  if (operations.length === 0) throw new SetupError("There is no operation in these files.");
  const whole = separateOperations(noneTwice(concatAST(parsed)));
  return operations.map(({ name, loc }) => ({
    text: print(whole[name?.value ?? ""] ?? { kind: Kind.DOCUMENT, definitions: [] }),
    place: `${loc?.source.name}: ${name?.value}`,
  }));
}

function isOperation(node: DocumentNode["definitions"][number]): node is OperationDefinitionNode {
  return node.kind === Kind.OPERATION_DEFINITION;
}

function noneTwice(all: DocumentNode): DocumentNode {
  const seen = new Set<string>();
  for (const node of all.definitions) {
    const name = "name" in node ? `${node.kind} ${node.name?.value}` : "";
    if (seen.has(name)) throw new SetupError(`${node.loc?.source.name}: a second ${name.replace("Definition", "")}`);
    seen.add(name);
  }
  return all;
}

function existing(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })) throw new UsageError(`There is no ${path}.`);
  return path;
}

function sourcesIn(path: string): string[] {
  if (!statSync(existing(path)).isDirectory()) return [path];
  return [...new Bun.Glob("**/*.{graphql,gql}").scanSync({ cwd: path })].sort().map((file) => join(path, file));
}

function faultsOf(text: string): readonly GraphQLError[] {
  const face = appFaceOf(buildSchemas(domains), true);
  const read = face.read(text, { course: { hasDocument: false, isStream: false } });
  return "faults" in read ? read.faults : [];
}

/** The place, and the line at fault as it stands in the operation's own text. */
function told({ message, locations, source }: GraphQLError, place: string): string {
  const line = source?.body.split("\n")[(locations?.[0]?.line ?? 0) - 1]?.trim();
  return `${place}${line ? `, at \`${line}\`` : ""}: ${message}`;
}
