/**
 * The keys that sign users' tokens: private JWKs that `supabase gen signing-key` makes, or
 * one of our own. Only their public parts may leave the process.
 */
import { readFile } from "node:fs/promises";
import { exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { z } from "zod";
import { PlatformError } from "./errors.ts";

/** The algorithms that `supabase gen signing-key` makes keys for. */
export const signingAlgorithms = ["ES256", "RS256"] as const;

const keySchema = z.discriminatedUnion("alg", [
  z.looseObject({
    alg: z.literal("ES256"),
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    kid: z.string().min(1),
    d: z.string().min(1),
  }),
  z.looseObject({
    alg: z.literal("RS256"),
    kty: z.literal("RSA"),
    kid: z.string().min(1),
    d: z.string().min(1),
  }),
]);

/**
 * The members of a JWK that everybody may read (RFC 7518 section 6). We list these and not
 * the private ones, so that a member that we do not know never gets out.
 */
const publicMembers = ["kty", "kid", "alg", "crv", "x", "y", "n", "e"] as const;

/** The part of a key that verifies tokens, in the form in which GoTrue serves it. */
export function publicKeyOf(key: JWK): JWK {
  const members = publicMembers.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]]));
  return { ...Object.fromEntries(members), use: "sig", key_ops: ["verify"] };
}

/** A new private ES256 key with a random kid. */
export async function createSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: "sig", alg: "ES256" };
}

/**
 * Reads the file that signing_keys_path of supabase/config.toml names.
 * @returns private keys. The first one signs. The others only verify, and are at least one in all.
 * @throws PlatformError config_invalid. Its message never shows a part of a key
 */
export async function readSigningKeys(path: string): Promise<JWK[]> {
  const say = (what: string) =>
    new PlatformError("config_invalid", `[auth] signing_keys_path: ${path} ${what}.`);
  const text = await readFile(path, "utf8").catch(() => {
    throw say("cannot be read. `npx supabase gen signing-key` makes a key");
  });
  const parsed = z.array(keySchema).min(1).safeParse(parse(text));
  if (!parsed.success) {
    throw say("must be a JSON array of private JWKs, each with a kid, and ES256 or RS256 as alg");
  }
  // The CLI writes key_ops ["sign", "verify"]. A private key can only sign, so WebCrypto refuses that.
  const keys = parsed.data.map(({ key_ops: _unused, ...key }) => key as JWK);
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw say("has two keys with the same kid");
  for (const [index, key] of keys.entries()) {
    await importJWK(key).catch(() => {
      throw say(`has a key that is damaged: number ${index + 1}`);
    });
  }
  return keys;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
