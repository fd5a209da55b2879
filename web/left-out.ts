/**
 * Stands in for the parts of supabase-js that this client does not use: files (storage-js), calls of edge
 * functions (functions-js), from auth-js passkeys and wallets, and from realtime-js filters of changes and the search
 * for a WebSocket (app/supabase.ts names it). vite.config.ts puts it in their place, and
 * the first load is smaller for it. When the client needs one of them, take its line out there.
 */

export class StorageClient {}
export class StorageApiError extends Error {}
export class FunctionsClient {}
export class FunctionsError extends Error {}
export class FunctionsFetchError extends FunctionsError {}
export class FunctionsHttpError extends FunctionsError {}
export class FunctionsRelayError extends FunctionsError {}
export const FunctionRegion = {};

/** Changes of tables. */
export class RealtimePostgresFilterBuilder {}
export const postgresChangesFilter = isLeftOut;

/** WebSockets outside of browsers. */
export default { getWebSocketConstructor: isLeftOut };

/** Passkeys. */
export class WebAuthnApi {}
export const browserSupportsWebAuthn = () => false;
export const webAuthnAbortService = { createNewAbortSignal: isLeftOut };
export const createCredential = isLeftOut;
export const getCredential = isLeftOut;
export const deserializeCredentialCreationOptions = isLeftOut;
export const deserializeCredentialRequestOptions = isLeftOut;
export const serializeCredentialCreationResponse = isLeftOut;
export const serializeCredentialRequestResponse = isLeftOut;

/** Wallets. */
export const createSiweMessage = isLeftOut;
export const fromHex = isLeftOut;
export const getAddress = isLeftOut;
export const toHex = isLeftOut;

function isLeftOut(): never {
  throw new Error("The build leaves this part of supabase-js out: vite.config.ts");
}
