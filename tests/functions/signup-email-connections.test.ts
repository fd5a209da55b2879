/** The hook's connections to the mail server: mails share them, and a lost one costs no mail. */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import { expect, onTestFinished, test } from "vitest";
import { sender, startHook } from "./signup-email-hook.ts";
import { payloadOf } from "./signup-email-payloads.ts";

/** A mail server, the mails that it took, and its connections so far. */
async function startServer() {
  const sockets: Socket[] = [];
  const taken: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    logger: false,
    closeTimeout: 200,
    onData(stream, session, done) {
      taken.push(...session.envelope.rcptTo.map(({ address }) => address));
      stream.resume().on("end", () => done());
    },
  });
  server.server.on("connection", (socket: Socket) => sockets.push(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  const hook = await startHook({ ...sender, SMTP_HOST: "127.0.0.1", SMTP_PORT: String(port) });
  onTestFinished(() => hook[Symbol.asyncDispose]());
  const send = async () => (await hook.post(payloadOf("signup"))).json();
  return { sockets, taken, send };
}

test("mails one after the other share a connection, and a crowd shares five", async () => {
  const { sockets, taken, send } = await startServer();
  for (let n = 0; n < 3; n++) expect(await send()).toEqual({});
  expect(sockets).toHaveLength(1);
  expect(await Promise.all(Array.from({ length: 20 }, send))).toEqual(Array(20).fill({}));
  expect(sockets.length).toBeLessThanOrEqual(5);
  expect(taken).toHaveLength(23);
});

test("the mail server closes an idle connection: the next mail is sent on a new one", async () => {
  const { sockets, taken, send } = await startServer();
  expect(await send()).toEqual({});
  sockets[0]?.destroy();
  expect(await send()).toEqual({});
  expect(taken).toHaveLength(2);
  expect(sockets).toHaveLength(2);
});

test("nobody sends mails: the idle connection is closed", async () => {
  const { sockets, send } = await startServer();
  expect(await send()).toEqual({});
  expect(sockets[0]?.closed).toBe(false);
  await expect.poll(() => sockets[0]?.closed, { timeout: 10_000 }).toBe(true);
  expect(await send()).toEqual({});
});
