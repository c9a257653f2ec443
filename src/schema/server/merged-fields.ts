import { type DocumentNode, Kind, type SelectionSetNode, visit } from "graphql";

/**
 * Whether something in a document depends on `@skip` or `@include`, while fields meet in it: written twice in one
 * place, perhaps by way of fragments. Where two of one name meet, each has conditions of its own.
 */
export function mergesUnderConditions(document: DocumentNode): boolean {
  const fragments = fragmentsIn(document);
  let hasConditions = false;
  let hasMerges = false;
  visit(document, {
    Directive: () => {
      hasConditions = true;
    },
    SelectionSet: (fields) => {
      hasMerges ||= meetIn(fields, fragments, new Set());
    },
  });
  return hasConditions && hasMerges;
}

type Fragments = ReadonlyMap<string, SelectionSetNode>;

function fragmentsIn({ definitions }: DocumentNode): Fragments {
  return new Map(
    definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one.selectionSet]] : [])),
  );
}

/** Ends at the first name that was seen: fragments that spread fragments twice have no end that is near. */
function meetIn({ selections }: SelectionSetNode, fragments: Fragments, seen: Set<string>): boolean {
  return selections.some((one) => {
    if (one.kind !== Kind.FIELD) {
      const inside = one.kind === Kind.INLINE_FRAGMENT ? one.selectionSet : fragments.get(one.name.value);
      return inside !== undefined && meetIn(inside, fragments, seen);
    }
    const name = (one.alias ?? one.name).value;
    const isSeen = seen.has(name);
    seen.add(name);
    return isSeen;
  });
}
