/**
 * Endpoints that are open to everybody: GET /settings, /health, /.well-known/jwks.json,
 * /.well-known/openid-configuration.
 * Source: supabase/auth internal/api/settings.go, api.go, jwks.go.
 */
import { type Call, type Context, json } from "./context.ts";

/** The release of GoTrue whose protocol this server speaks. */
const version = "v2.197.0";

const providers = [
  "apple",
  "azure",
  "bitbucket",
  "discord",
  "facebook",
  "figma",
  "fly",
  "github",
  "gitlab",
  "google",
  "keycloak",
  "kakao",
  "linkedin",
  "linkedin_oidc",
  "notion",
  "phone",
  "slack",
  "slack_oidc",
  "snapchat",
  "spotify",
  "twitch",
  "twitter",
  "workos",
  "x",
  "zoom",
];

export async function settings({ config }: Context, _call: Call): Promise<Response> {
  return json({
    external: {
      anonymous_users: config.enable_anonymous_sign_ins,
      ...Object.fromEntries(providers.map((provider) => [provider, false])),
      email: config.email.enabled,
    },
    disable_signup: !config.enable_signup,
    mailer_autoconfirm: !config.email.enable_confirmations,
    phone_autoconfirm: false,
    sms_provider: "",
    saml_enabled: false,
    passkeys_enabled: false,
  });
}

export async function health(): Promise<Response> {
  return json({
    version,
    name: "GoTrue",
    description: "GoTrue is a user registration and authentication API",
  });
}

export async function jwks({ keys }: Context): Promise<Response> {
  return json(keys.jwks, 200, { "cache-control": "public, max-age=600" });
}

/** How somebody who knows only the issuer of a token finds the keys that verify it. */
export async function openidConfiguration({ config, externalUrl }: Context): Promise<Response> {
  const issuer = config.jwt_issuer ?? externalUrl;
  return json({ issuer, jwks_uri: `${externalUrl}/.well-known/jwks.json` }, 200, {
    "cache-control": "public, max-age=600",
  });
}
