/**
 * The Send Email hook of Supabase Auth. Auth posts the kind of mail and the person. This
 * function writes the mail and sends it. See docs/how-to/send-mail.md.
 *
 * Auth reads a hook's errors only from an answer with status 200 (in its source:
 * internal/hooks/hookhttp). Then it undoes what it was doing, and gives `http_code` and
 * `message` to the client. Auth repeats a request only on 429 or 503 with retry-after, at
 * once and with a new webhook-id. This function sends neither. It is better if the person
 * tries again in a minute. A request that comes again all the same is answered, but sends no
 * second mail: see occasions.ts.
 */
import { readText } from "../_shared/body.ts";
import { createOccasions } from "./occasions.ts";
import { payloadSchema } from "./payload.ts";
import { type Mail, renderMails } from "./render.ts";
import { occasionOf, SendError, sendMails } from "./send.ts";
import { readSettings } from "./settings.ts";
import { isSigned } from "./signature.ts";

/** Auth waits five seconds, and a cold start needs a part of them. */
const sendingMs = 3800;
const maxBodyBytes = 512 * 1024;

const occasions = createOccasions();
const settings = readSettings((name) => Deno.env.get(name));

Deno.serve(async (request) => {
  if (request.method !== "POST") return refusal(405, "Only POST");
  if ("problem" in settings) {
    console.error(`signup-email is not configured:\n${settings.problem}`);
    return refusal(500, "The hook is not configured");
  }
  const signal = AbortSignal.timeout(sendingMs);

  const body = await readText(request, maxBodyBytes);
  if (body === undefined) return refusal(413, "The body is too large");
  if (!isSigned(body, request.headers, settings.webhooks)) return refusal(401, "Invalid signature");

  const payload = payloadSchema.safeParse(parseJson(body));
  if (!payload.success) {
    const fields = payload.error.issues.map((issue) => issue.path.join(".") || "the body").join(", ");
    console.error(`refused a payload: ${fields}`);
    return refusal(400, `Invalid payload: ${fields}`);
  }

  let mails: Mail[];
  try {
    mails = renderMails(payload.data, settings);
  } catch {
    return refusal(400, "Invalid payload: email_data.site_url");
  }
  try {
    const occasion = occasionOf(body);
    await occasions.once(occasion, () => sendMails(mails, settings, occasion, signal));
  } catch (error) {
    if (!(error instanceof SendError)) throw error;
    console.error(`${payload.data.email_data.email_action_type}: ${error.message}`);
    return Response.json(
      hookError(500, "The e-mail could not be sent. Check the address and try again in a minute."),
    );
  }
  return Response.json({});
});

function refusal(status: number, message: string): Response {
  return Response.json(hookError(status, message), { status });
}

function hookError(httpCode: number, message: string) {
  return { error: { http_code: httpCode, message } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
