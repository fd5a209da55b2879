/**
 * Stands in for two parts of supabase-js that this client does not use: files (storage-js) and calls of edge
 * functions (functions-js). vite.config.ts puts it in their place, and the first load is smaller for it.
 * When the client needs one of them, take its line out there.
 */

export class StorageClient {}
export class StorageApiError extends Error {}
export class FunctionsClient {}
export class FunctionsError extends Error {}
export class FunctionsFetchError extends FunctionsError {}
export class FunctionsHttpError extends FunctionsError {}
export class FunctionsRelayError extends FunctionsError {}
export const FunctionRegion = {};
