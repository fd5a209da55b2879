/**
 * Makes the graphs of Debian that the weights of suggestions were trained on:
 *
 *     node bench/debian-graphs.ts FOLDER
 *
 * The folder has debian-keyring.gpg, debian-maintainers.gpg and debian-nonupload.gpg from the package debian-keyring, and the
 * indexes of a release (dists/bookworm/main/binary-amd64/Packages and dists/bookworm/main/source/Sources), all without compression. The edge
 * lists are written into the same folder:
 *
 * - debian-keys-directed.txt: who signed whose key. debian-keys-any.txt and debian-keys-mutual.txt: one of two signed, or both did
 * - debian-depends.txt: which package needs or recommends which
 * - debian-uploaders.txt: who looks after a package together
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const keyrings = ["debian-keyring.gpg", "debian-maintainers.gpg", "debian-nonupload.gpg"];
/** Addresses of teams, which are not people. */
const isTeam = /lists\.|team|maint|tracker|packages\.debian/;
/** More people than that do not know each other because of the package. */
const mostUploaders = 25;

interface Packet {
  tag: number;
  body: Buffer;
}

/** The packets of a keyring: RFC 4880, 4.2. Keyrings have no packets of unknown length. */
function* packetsOf(bytes: Buffer): Generator<Packet> {
  for (let at = 0; at < bytes.length; ) {
    const head = bytes.readUInt8(at++);
    const isNew = (head & 0x40) !== 0;
    const { length, next } = isNew ? newLength(bytes, at) : oldLength(bytes, at, head & 3);
    yield {
      tag: isNew ? head & 0x3f : (head >> 2) & 15,
      body: bytes.subarray(next, next + length),
    };
    at = next + length;
  }
}

function oldLength(bytes: Buffer, at: number, kind: number) {
  const size = 2 ** kind;
  return { length: bytes.readUIntBE(at, size), next: at + size };
}

/** RFC 4880, 4.2.2 and 5.2.3.1. A part of a signature has a length of two bytes up to 254, and a packet up to 223. */
function newLength(bytes: Buffer, at: number, twoBytesMost = 223) {
  const first = bytes.readUInt8(at);
  if (first < 192) return { length: first, next: at + 1 };
  if (first <= twoBytesMost)
    return { length: ((first - 192) << 8) + bytes.readUInt8(at + 1) + 192, next: at + 2 };
  return { length: bytes.readUInt32BE(at + 1), next: at + 5 };
}

/** @returns the id of the key that signed that a key belongs to somebody, or undefined: RFC 4880, 5.2 */
function signerOf(signature: Buffer): string | undefined {
  const version = signature.readUInt8(0);
  const kind = signature.readUInt8(version === 3 ? 2 : 1);
  if (kind < 0x10 || kind > 0x13) return undefined;
  if (version === 3) return signature.toString("hex", 7, 15);
  if (version !== 4) return undefined;
  let signer: string | undefined;
  let start = 4;
  // The parts that are signed, and those that are not.
  for (let turn = 0; turn < 2; turn++) {
    const end = start + 2 + signature.readUInt16BE(start);
    for (let at = start + 2; at < end; ) {
      const { length, next } = newLength(signature, at, 254);
      if ((signature.readUInt8(next) & 127) === 16)
        signer = signature.toString("hex", next + 1, next + length);
      at = next + length;
    }
    start = end;
  }
  return signer;
}

/** @returns who signed whose key, among the keys of the keyrings */
async function signatures(folder: string): Promise<[string, string][]> {
  const keys = new Set<string>();
  const edges = new Map<string, [string, string]>();
  for (const file of keyrings) {
    let owner: string | undefined;
    for (const { tag, body } of packetsOf(await readFile(join(folder, file)))) {
      if (tag === 6) {
        owner = body.readUInt8(0) === 4 ? keyId(body) : undefined;
        if (owner) keys.add(owner);
      }
      if (tag !== 2 || !owner) continue;
      const signer = signerOf(body);
      if (signer && signer !== owner) edges.set(`${signer} ${owner}`, [signer, owner]);
    }
  }
  return [...edges.values()].filter(([signer, owner]) => keys.has(signer) && keys.has(owner));
}

/** RFC 4880, 12.2. */
function keyId(key: Buffer): string {
  const head = Buffer.from([0x99, key.length >> 8, key.length & 255]);
  return createHash("sha1").update(head).update(key).digest("hex").slice(-16);
}

/** @returns the fields of each paragraph of an index. A field that goes on in the next lines is one text. */
async function paragraphs(file: string): Promise<Map<string, string>[]> {
  const text = await readFile(file, "utf8");
  return text.split("\n\n").map(
    (paragraph) =>
      new Map(
        paragraph
          .replaceAll(/\n[ \t]+/g, " ")
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
      ),
  );
}

async function dependencies(folder: string): Promise<[string, string][]> {
  const needs = new Map<string, Set<string>>();
  for (const fields of await paragraphs(join(folder, "Packages"))) {
    const name = fields.get("Package")?.trim();
    if (!name) continue;
    const others = needs.get(name) ?? new Set();
    needs.set(name, others);
    for (const field of ["Depends", "Pre-Depends", "Recommends"]) {
      for (const other of (fields.get(field) ?? "").split(/[,|]/))
        others.add(other.trim().replace(/[ :(].*/, ""));
    }
  }
  return [...needs].flatMap(([name, others]) =>
    [...others].flatMap((other): [string, string][] =>
      other !== name && needs.has(other) ? [[name, other]] : [],
    ),
  );
}

/** People as numbers, so that no address is written down. */
async function uploaders(folder: string): Promise<[number, number][]> {
  const pairs = new Set<string>();
  for (const fields of await paragraphs(join(folder, "Sources"))) {
    const text = `${fields.get("Maintainer") ?? ""},${fields.get("Uploaders") ?? ""}`.toLowerCase();
    const found = [...text.matchAll(/<([^>]+)>/g)].map((match) => match[1] as string);
    const people = [...new Set(found.filter((address) => !isTeam.test(address)))].sort();
    if (people.length > mostUploaders) continue;
    for (const [place, one] of people.entries())
      for (const other of people.slice(place + 1)) pairs.add(`${one} ${other}`);
  }
  const edges = [...pairs].map((pair) => pair.split(" ") as [string, string]);
  const numbers = new Map([...new Set(edges.flat())].sort().map((address, number) => [address, number]));
  return edges.map(([one, other]) => [numbers.get(one) as number, numbers.get(other) as number]);
}

const folder = process.argv[2];
if (!folder) throw new Error("Usage: node bench/debian-graphs.ts FOLDER");

async function write(name: string, edges: [unknown, unknown][]) {
  const lines = edges.map(([from, to]) => `${from} ${to}\n`).sort();
  await writeFile(join(folder as string, `debian-${name}.txt`), lines.join(""));
  console.log(`debian-${name}.txt has ${lines.length} edges`);
}

const signed = await signatures(folder);
const both = new Set(signed.map((edge) => edge.join(" ")));
const any = new Set(signed.map((edge) => edge.toSorted().join(" ")));
const pairs = [...any].map((pair) => pair.split(" ") as [string, string]);
await write("keys-directed", signed);
await write("keys-any", pairs);
await write(
  "keys-mutual",
  pairs.filter(([one, other]) => both.has(`${one} ${other}`) && both.has(`${other} ${one}`)),
);
await write("depends", await dependencies(folder));
await write("uploaders", await uploaders(folder));
