/** The reasons why a join is refused, in the words of the protocol. */
import { DatabaseError } from "./database-side.ts";
import { TokenError } from "./tokens.ts";

export class JoinError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "JoinError";
  }
}

export const unknownError = "Unknown Error on Channel";

export function unauthorized(topic: string): JoinError {
  return new JoinError(`Unauthorized: You do not have permissions to read from this Channel topic: ${topic}`);
}

/** The `reason` of a join's error reply. */
export function joinReason(error: unknown): string {
  if (error instanceof JoinError) return error.message;
  if (error instanceof TokenError || error instanceof DatabaseError) return `${error.code}: ${error.message}`;
  return unknownError;
}

/**
 * What a channel is told before it is closed. Undefined for a fault of the server: clients do not
 * learn its details.
 */
export function closeReason(error: unknown): string | undefined {
  return error instanceof TokenError || error instanceof DatabaseError ? error.message : undefined;
}
