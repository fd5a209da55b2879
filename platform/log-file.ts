/**
 * The log of the platform that runs: `plaza.log` in the state folder. The log of the platform
 * before it is `plaza.log.1`. A log that cannot be written, for example on a full disk, ends
 * nothing: its lines are lost, and the log says later how many.
 */
import { appendFileSync, closeSync, constants, openSync, renameSync, writeSync } from "node:fs";

const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = constants;

export interface LogFile {
  /** @param line without a newline */
  write(line: string): void;
  /** Writes a line into the log that is there, also if it is the log of another process. */
  append(line: string): void;
  close(): void;
}

/** A longer log becomes `plaza.log.1` while the platform runs. */
const bytesMax = 64 * 1024 * 1024;

/**
 * Opens the file with the first line. Only the owner can read it.
 * @param sizeMax in bytes
 */
export function createLogFile(path: string, sizeMax = bytesMax): LogFile {
  let file: number | undefined;
  let size = 0;
  let lost = 0;

  const renew = () => {
    close();
    try {
      renameSync(path, `${path}.1`);
    } catch {
      // There is no earlier log.
    }
    size = 0;
    // Another process may add lines too. With O_APPEND, neither writes over the other's.
    file = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600);
  };
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const put = (text: string) => {
    const bytes = Buffer.from(text);
    // A full disk may take only a part.
    for (let at = 0; at < bytes.length; ) {
      const written = writeSync(file as number, bytes, at);
      at += written;
      size += written;
    }
  };
  return {
    write(line) {
      try {
        if (file === undefined || size > sizeMax) renew();
        // The last line before a full disk may be cut.
        if (lost > 0) put(`\n${new Date().toISOString()} warn  : ${lost} lines of this log are lost\n`);
        lost = 0;
        put(`${line}\n`);
      } catch {
        lost++;
      }
    },
    append(line) {
      try {
        appendFileSync(path, `${line}\n`, { mode: 0o600 });
      } catch {
        // There is no place for the line.
      }
    },
    close,
  };
}
