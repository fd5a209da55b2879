/**
 * Calls a hook over HTTP. The request is signed as Standard Webhooks prescribes.
 * Source: www.standardwebhooks.com; supabase/auth internal/hooks/hookshttp.
 */
import { Webhook } from "standardwebhooks";
import { readText } from "../../body.ts";
import { type AuthError, badRequest, internal, unavailable, unprocessable } from "../errors.ts";

/** The time for all tries together. */
const timeoutMs = 5000;
const triesMax = 3;
/** The pause before the next try when the endpoint could not be reached. */
const backoffMs = 2000;
const responseMaxBytes = 200 * 1024;

/**
 * @param secrets `whsec_…`; each one adds a signature
 * @param post sends a request. Like fetch, it throws when the endpoint cannot be reached
 * @returns the answer's JSON, or undefined when it has none
 */
export async function callHttpHook(
  url: string,
  secrets: string[],
  payload: string,
  post: typeof fetch = fetch,
): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  for (let attempt = 1; attempt <= triesMax; attempt++) {
    const response = await send(url, secrets, payload, signal, attempt, post);
    if (response === undefined) continue;
    switch (response.status) {
      case 200:
      case 202:
      case 204:
        return await readAnswer(response, signal);
      case 429:
      case 503:
        await response.body?.cancel();
        // We try again only if the server says when it will be back.
        if (response.headers.get("retry-after")) continue;
        throw hookUnavailable();
      default:
        await response.body?.cancel();
        throw internal(statusMessage(response.status));
    }
  }
  throw hookUnavailable();
}

/** Sends one request. @returns undefined when the caller should try again */
async function send(
  url: string,
  secrets: string[],
  payload: string,
  signal: AbortSignal,
  attempt: number,
  post: typeof fetch,
): Promise<Response | undefined> {
  const id = crypto.randomUUID();
  const sentAt = new Date();
  try {
    return await post(url, {
      method: "POST",
      redirect: "manual",
      signal,
      headers: {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
        "webhook-signature": secrets
          .map((secret) => new Webhook(secret).sign(id, sentAt, payload))
          .join(", "),
      },
      body: payload,
    });
  } catch {
    if (signal.aborted) throw timedOut();
    if (attempt === triesMax) {
      throw unprocessable("hook_timeout_after_retry", "Failed to reach hook after maximum retries");
    }
    await pause(backoffMs, signal);
    return undefined;
  }
}

async function readAnswer(response: Response, signal: AbortSignal): Promise<unknown> {
  const contentType = response.headers.get("content-type");
  if (!contentType) {
    await response.body?.cancel();
    if (response.status === 204) return undefined;
    throw wrongType("Invalid Content-Type: Missing Content-Type header");
  }
  if (contentType.split(";")[0]?.trim().toLowerCase() !== "application/json") {
    await response.body?.cancel();
    throw wrongType(`Invalid JSON response. Received content-type: ${contentType}`);
  }
  const body = await readText(response, responseMaxBytes, tooLarge).catch((cause) => {
    throw signal.aborted ? timedOut() : cause;
  });
  if (body === "" && response.status === 204) return undefined;
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw internal("Error unmarshaling JSON output.", cause);
  }
}

function tooLarge(): AuthError {
  return unprocessable(
    "hook_payload_over_size_limit",
    `Payload size exceeded size limit of ${responseMaxBytes} bytes`,
  );
}

function statusMessage(status: number): string {
  if (status === 400) return "Invalid payload sent to hook";
  if (status === 401) return "Hook requires authorization token";
  return `Unexpected status code returned from hook: ${status}`;
}

function wrongType(message: string): AuthError {
  return badRequest("hook_payload_invalid_content_type", message);
}

/** GoTrue answers 500. With 503 clients know that they may try again. */
function hookUnavailable(): AuthError {
  return unavailable("Service currently unavailable due to hook");
}

function timedOut(): AuthError {
  const seconds = (timeoutMs / 1000).toFixed(6);
  return unprocessable("hook_timeout", `Failed to reach hook within maximum time of ${seconds} seconds`);
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, durationMs);
    const stop = () => {
      clearTimeout(timer);
      reject(timedOut());
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}
