/**
 * Errors that the platform tells its operator (not its HTTP clients: each
 * service words those in its own protocol). The code is stable; the message
 * says what to do next. docs/errors.md lists them.
 */
export class PlatformError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PlatformError";
    this.code = code;
  }
}
