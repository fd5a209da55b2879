/** Counts the bytes that all responses hold together, until they are written to the database. */
export interface Budget {
  /** @returns whether there was room for the bytes. If not, nothing is taken */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createBudget(maxBytes: number): Budget {
  let usedBytes = 0;
  return {
    take(bytes) {
      if (usedBytes + bytes > maxBytes) return false;
      usedBytes += bytes;
      return true;
    },
    give(bytes) {
      usedBytes -= bytes;
    },
  };
}
