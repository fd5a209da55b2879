/** Copies one file and computes its hash on the way. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

export interface Copied {
  bytes: number;
  sha256: string;
}

const chunkBytes = 1024 * 1024;

/**
 * Resolves when the copy is on the disk. Only the owner can read it.
 * @throws the error of the file system: ENOENT if there is no such file, ENOSPC
 */
export async function copyFile(from: string, to: string): Promise<Copied> {
  await using source = await open(from, "r");
  await using target = await open(to, "wx", 0o600);
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, (await source.stat()).size + 1));
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await source.read(chunk, 0, chunk.length, bytes);
    if (bytesRead === 0) break;
    const part = chunk.subarray(0, bytesRead);
    hash.update(part);
    for (let at = 0; at < bytesRead; ) at += (await target.write(part, at)).bytesWritten;
    bytes += bytesRead;
  }
  await target.sync();
  return { bytes, sha256: hash.digest("hex") };
}
