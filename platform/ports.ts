/**
 * The ports of a platform that takes free ones (`--free-ports`). The state folder keeps them, so
 * the next start has the same URLs. A port that is no longer free is replaced.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

export interface Ports {
  api: { port: number };
  db: { port: number };
  local_smtp: { port: number; smtp_port: number };
  /** Absent if the web client is not served. It is the port of `[auth] site_url`. */
  web?: { port: number };
}

const fileName = "ports.json";

/** The ports to try. 0, which means any free port, stands for one that is not kept or is taken now. */
export async function freePorts(stateDir: string): Promise<Ports> {
  // A file that cannot be read costs only new ports.
  const kept: Partial<Ports> = await readFile(join(stateDir, fileName), "utf8")
    .then((text) => Object(JSON.parse(text)))
    .catch(() => ({}));
  const ports: number[] = [];
  const { api: keptApi, db: keptDb, local_smtp: keptMail, web: keptWeb } = kept;
  for (const port of [keptApi?.port, keptDb?.port, keptMail?.port, keptMail?.smtp_port, keptWeb?.port])
    ports.push(typeof port === "number" && !ports.includes(port) && (await isFree(port)) ? port : 0);
  const [api = 0, db = 0, inbox = 0, smtp = 0, web = 0] = ports;
  return {
    api: { port: api },
    db: { port: db },
    local_smtp: { port: inbox, smtp_port: smtp },
    web: { port: web },
  };
}

/** Keeps the ports for the next start. */
export async function keepPorts(stateDir: string, ports: Ports): Promise<void> {
  await writeFile(join(stateDir, fileName), `${JSON.stringify(ports, null, 2)}\n`);
}

/** Also false for a number that cannot be a port. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    if (!Number.isInteger(port) || port < 1 || port > 65535) return resolve(false);
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
