/** A request that is refused, as QStash answers it. */
export interface Rejection {
  readonly status: number;
  readonly error: string;
}

/** What was sent may be part of the words, but not a megabyte of it. */
export function reject(status: number, error: string): Rejection {
  return { status, error: error.length > longest ? `${error.slice(0, longest).toWellFormed()}…` : error };
}

const longest = 500;

export function isRejection<T extends object>(value: T | Rejection): value is Rejection {
  return "error" in value && "status" in value;
}
