/** A request that is refused, as QStash answers it. */
export interface Rejection {
  readonly status: number;
  readonly error: string;
}

export function reject(status: number, error: string): Rejection {
  return { status, error };
}

export function isRejection<T extends object>(value: T | Rejection): value is Rejection {
  return "error" in value && "status" in value;
}
