/** Opens a server's port. */
import type { AddressInfo, ListenOptions, Server } from "node:net";
import { PlatformError } from "./errors.ts";

/**
 * Resolves when the server listens.
 * @param port 0 picks a free one
 * @param setting where a person changes the port, for the error: `[api] port`
 * @returns the port
 * @throws PlatformError port_taken
 */
export function listen(
  server: Pick<Server, "once" | "listen" | "address">,
  { port, host }: Required<Pick<ListenOptions, "port" | "host">>,
  setting: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? portTaken(port, setting) : error),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** @param setting where a person changes the port: `[api] port` */
export function portTaken(port: number, setting: string): PlatformError {
  return new PlatformError(
    "port_taken",
    `Another program has port ${port}. Start on free ports with: npm start -- --free-ports\n` +
      `Or end that program, or change port ${port}: it is ${setting} in supabase/config.toml.`,
  );
}
