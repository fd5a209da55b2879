/**
 * The features that this server leaves out: third-party and single sign-on, second
 * factors, passkeys, the OAuth server. It answers as GoTrue does when they are off.
 */
import { z } from "zod";
import { loadUser } from "./admin-users.ts";
import { requireAdmin, requireUser } from "./authorize.ts";
import { type Call, type Context, json, text } from "./context.ts";
import { AuthError, invalid, notFound, unprocessable } from "./errors.ts";

export async function authorize(): Promise<Response> {
  throw invalid("Unsupported provider: provider is not enabled");
}

export async function sso(): Promise<Response> {
  throw notFound("saml_provider_disabled", "SAML 2.0 is disabled");
}

export async function passkeys(): Promise<Response> {
  throw notFound("passkey_disabled", "Passkeys are disabled");
}

export async function oauthServer(): Promise<Response> {
  throw notFound("feature_disabled", "OAuth server is disabled");
}

export async function linkIdentity(context: Context, call: Call): Promise<Response> {
  await requireUser(context, call);
  throw notFound("manual_linking_disabled", "Manual linking is disabled");
}

const factorSchema = z.object({ factor_type: text });
const factorTypes: Record<string, [code: string, name: string]> = {
  totp: ["mfa_totp_enroll_not_enabled", "TOTP"],
  phone: ["mfa_phone_enroll_not_enabled", "Phone"],
  webauthn: ["mfa_webauthn_enroll_not_enabled", "WebAuthn"],
};

export async function enrollFactor(context: Context, call: Call): Promise<Response> {
  await requireUser(context, call);
  const { factor_type: type } = await call.body(factorSchema);
  if (!Object.hasOwn(factorTypes, type)) throw invalid("factor_type needs to be totp, phone, or webauthn");
  const [code, name] = factorTypes[type] as [string, string];
  throw unprocessable(code, `MFA enroll is disabled for ${name}`);
}

/** Nobody has a factor. */
export async function useFactor(context: Context, call: Call): Promise<Response> {
  await requireUser(context, call);
  throw notFound("mfa_factor_not_found", "Factor not found");
}

export async function listFactors(context: Context, call: Call, userId: string): Promise<Response> {
  await requireAdmin(context, call);
  await loadUser(context, userId);
  return json([]);
}

export async function adminFactor(context: Context, call: Call, userId: string): Promise<Response> {
  await requireAdmin(context, call);
  await loadUser(context, userId);
  throw notFound("mfa_factor_not_found", "Factor not found");
}

export async function unknownPath(): Promise<Response> {
  throw new AuthError(404, "", "404 page not found");
}
