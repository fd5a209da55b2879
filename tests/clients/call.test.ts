/** One request of a sync: its time-out, its end, and that nobody asks without a token. */
import { createClient } from "@supabase/supabase-js";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Calling, call } from "../../clients/call.ts";
import { target } from "../people.ts";
import { patience } from "./device.ts";
import { createFaultyNetwork } from "./faulty-network.ts";

async function stage() {
  const network = await createFaultyNetwork(target().url);
  const stopping = new AbortController();
  onTestFinished(() => network[Symbol.asyncDispose]());
  const client = createClient(network.url, target().publishableKey, { auth: { persistSession: false } });
  const ask = (calling: Partial<Calling> = {}) =>
    call(client.rpc("public_feed", { page_size: 1 }), {
      timeoutMs: 20_000,
      stopped: stopping.signal,
      isSignedIn: async () => true,
      renewToken: async () => {},
      ...calling,
    });
  return { network, stopping, ask };
}

test("a request is answered", async () => {
  const { network, ask } = await stage();
  expect(await ask()).toMatchObject({ data: expect.any(Array), error: null, status: 200, retryAfterMs: 0 });
  expect(network.requests).toHaveLength(1);
});

test("without a valid token a request is not sent", async () => {
  const { network, ask } = await stage();
  const answer = await ask({ isSignedIn: async () => false });
  expect(answer).toMatchObject({ data: null, error: { message: "There is no valid token now" }, status: 0 });
  expect(network.requests).toEqual([]);
});

test("a request that the server answers with 401 gets a new token, once", async () => {
  const { network, ask } = await stage();
  const renewToken = vi.fn(async () => {});
  expect(await ask({ renewToken })).toMatchObject({ status: 200 });
  expect(renewToken).not.toHaveBeenCalled();
  void network.answer(401, {});
  expect(await ask({ renewToken })).toMatchObject({ status: 401 });
  expect(renewToken).toHaveBeenCalledOnce();
});

test("a request is given up in time, also while its token is being refreshed", async () => {
  const { network, ask } = await stage();
  network.freeze();
  const late = { error: { message: "The request took too long" }, status: 0 };
  expect(await ask({ timeoutMs: 50 })).toMatchObject(late);
  expect(await ask({ timeoutMs: 50, isSignedIn: () => new Promise(() => {}) })).toMatchObject(late);
});

test("the end of the sync ends its requests", async () => {
  const { network, stopping, ask } = await stage();
  network.freeze();
  const asked = ask();
  await vi.waitFor(() => expect(network.requests).toHaveLength(1), patience);
  stopping.abort();
  expect(await asked).toMatchObject({ error: { message: "Stopped" }, status: 0 });
});

test("Retry-After is read, and has a bound", async () => {
  const { network, ask } = await stage();
  const waits = { "7": 7_000, "86400": 900_000, "Sat, 28 Nov 2026 12:00:00 GMT": 0 };
  for (const [header, ms] of Object.entries(waits)) {
    void network.answer(503, { "retry-after": header });
    expect(await ask()).toMatchObject({ status: 503, retryAfterMs: ms });
  }
});
