/** An id as the API gives it, for a row that may not be there yet. */
export const exampleId = (type: string, row: number) => btoa(`${type}:${row}`);

/** What every mutation may answer instead of its result. */
export const refusal = `... on Refusal { code message }
    ... on InvalidInput { issues { path message } }`;
