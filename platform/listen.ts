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
      reject(
        error.code === "EADDRINUSE"
          ? new PlatformError(
              "port_taken",
              `Port ${port} is taken: change ${setting} in supabase/config.toml.`,
            )
          : error,
      ),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
