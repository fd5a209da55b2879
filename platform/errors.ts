/**
 * An error for the person who runs the platform. HTTP clients do not get it: each
 * service has its own errors, in its own protocol. The code never changes. The message
 * says what to do next. docs/errors.md lists the codes.
 */
export class PlatformError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PlatformError";
    this.code = code;
  }
}
