import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createGate } from "../../../platform/postgres/gate.ts";

/*
 * The port where the supabase CLI waits for a database that is still being made.
 */

/** A server that answers every piece with the same piece in capitals. */
async function shouter(): Promise<number> {
  const server = createServer((socket) => {
    socket.on("data", (piece) => socket.write(String(piece).toUpperCase()));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function caller(port: number) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

test("a client that comes early waits, and is heard when the gate opens", async () => {
  await using gate = await createGate();
  const early = caller(gate.port);
  early.write("alice");
  await once(early, "connect");
  expect(gate.passed).toBe(0);
  gate.open(await shouter());
  expect(String((await once(early, "data"))[0])).toBe("ALICE");
  const late = caller(gate.port);
  late.write("bob");
  expect(String((await once(late, "data"))[0])).toBe("BOB");
  expect(gate.passed).toBe(2);
});

test("a client that left before does not go through, and a closed gate leaves no connection", async () => {
  const gate = await createGate();
  const gone = caller(gate.port);
  await once(gone, "connect");
  gone.destroy();
  const stays = caller(gate.port);
  stays.write("carol");
  await once(stays, "connect");
  await expect.poll(() => gate.waiting).toBe(1);
  gate.open(await shouter());
  expect(String((await once(stays, "data"))[0])).toBe("CAROL");
  expect(gate.passed).toBe(1);
  const closed = once(stays, "close");
  await gate[Symbol.asyncDispose]();
  await closed;
  const [error] = await once(caller(gate.port).removeAllListeners("error"), "error");
  expect((error as { code?: string }).code).toBe("ECONNREFUSED");
});
