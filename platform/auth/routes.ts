/** Which endpoint answers which request. Source: supabase/auth internal/api/api.go. */
import { Hono } from "hono";
import { generateLink, invite } from "./admin-links.ts";
import { createUser, deleteUser, getUserById, listUsers, updateUserById } from "./admin-users.ts";
import { type Call, type Context, createCall } from "./context.ts";
import {
  adminFactor,
  authorize,
  enrollFactor,
  linkIdentity,
  listFactors,
  oauthServer,
  passkeys,
  sso,
  unknownPath,
  useFactor,
} from "./disabled.ts";
import { errorResponse } from "./errors.ts";
import { logout } from "./logout.ts";
import { magicLink, otp, recover, resend } from "./recover.ts";
import { health, jwks, openidConfiguration, settings } from "./settings.ts";
import { signUp } from "./signup.ts";
import { token } from "./token.ts";
import { getUser, putUser, reauthenticate } from "./user.ts";
import { verifyCode, verifyLink } from "./verify.ts";

type Endpoint = (context: Context, call: Call, userId: string) => Promise<Response>;

const routes: [method: string, path: string, endpoint: Endpoint][] = [
  ["GET", "/health", health],
  ["GET", "/settings", settings],
  ["GET", "/.well-known/jwks.json", jwks],
  ["GET", "/.well-known/openid-configuration", openidConfiguration],

  ["POST", "/signup", signUp],
  ["POST", "/token", token],
  ["GET", "/verify", verifyLink],
  ["POST", "/verify", verifyCode],
  ["POST", "/recover", recover],
  ["POST", "/resend", resend],
  ["POST", "/magiclink", magicLink],
  ["POST", "/otp", otp],
  ["POST", "/logout", logout],
  ["GET", "/reauthenticate", reauthenticate],
  ["GET", "/user", getUser],
  ["PUT", "/user", putUser],

  ["POST", "/invite", invite],
  ["POST", "/admin/generate_link", generateLink],
  ["GET", "/admin/users", listUsers],
  ["POST", "/admin/users", createUser],
  ["GET", "/admin/users/:id", getUserById],
  ["PUT", "/admin/users/:id", updateUserById],
  ["DELETE", "/admin/users/:id", deleteUser],
  ["GET", "/admin/users/:id/factors", listFactors],
  ["PUT", "/admin/users/:id/factors/*", adminFactor],
  ["DELETE", "/admin/users/:id/factors/*", adminFactor],

  ["GET", "/authorize", authorize],
  ["POST", "/sso", sso],
  ["ALL", "/sso/*", sso],
  ["ALL", "/passkeys", passkeys],
  ["ALL", "/passkeys/*", passkeys],
  ["ALL", "/oauth/*", oauthServer],
  ["ALL", "/user/identities/*", linkIdentity],
  ["POST", "/factors", enrollFactor],
  ["ALL", "/factors/*", useFactor],
];

/** @returns answers a request without /auth/v1 in its path. It never throws */
export function createRoutes(context: Context): (request: Request) => Promise<Response> {
  const app = new Hono();
  for (const [method, path, endpoint] of routes) {
    app.on(method, path, (c) =>
      endpoint(context, createCall(c.req.raw, context.redirects), c.req.param("id") ?? ""),
    );
  }
  app.notFound(async (c) => {
    const methods = methodsOf(c.req.path);
    if (methods.length > 0) return notAllowed(methods);
    return unknownPath().catch((error) => errorResponse(error, c.req.raw, context.log));
  });
  app.onError((error, c) => errorResponse(error, c.req.raw, context.log));
  return async (request) => {
    // Hono would answer HEAD as it answers GET. Mail scanners send HEAD, and a link would be spent.
    const methods = request.method === "HEAD" ? methodsOf(new URL(request.url).pathname) : [];
    return methods.length > 0 ? notAllowed(methods) : app.fetch(request);
  };
}

function methodsOf(path: string): string[] {
  return routes.flatMap(([method, pattern]) => {
    const form = pattern.replace(/[.]/g, "\\.").replace(/:\w+/g, "[^/]+").replace("*", ".*");
    return method !== "ALL" && new RegExp(`^${form}$`).test(path) ? [method] : [];
  });
}

/** As GoTrue's router answers: no body. */
function notAllowed(methods: string[]): Response {
  return new Response(null, { status: 405, headers: { allow: methods.join(", ") } });
}
