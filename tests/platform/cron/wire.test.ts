import fc from "fast-check";
import { expect, test } from "vitest";
import { createAnswers } from "../../../platform/cron/wire.ts";

/** Makes a message of the server. */
function message(type: string, body: string | Buffer = ""): Buffer {
  const content = Buffer.from(body as string);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

const statements = fc.oneof(
  fc.nat(5).map((rows) => ({
    bytes: [
      message("T", "columns"),
      ...Array(rows).fill(message("D", "CSELECT 9\0")),
      message("C", "SELECT 9\0"),
    ],
    last: rows === 1 ? "1 row" : `${rows} rows`,
  })),
  fc
    .constantFrom("DELETE 3", "INSERT 0 1", "CREATE TABLE", "SELECT 2", "VACUUM")
    .map((tag) => ({ bytes: [message("N", "a notice\0"), message("C", `${tag}\0`)], last: tag })),
  fc.constant({ bytes: [message("I")], last: "0 rows" }),
);

test("the last statement's result is found, in any pieces of the messages", () => {
  fc.assert(
    fc.property(
      fc.array(statements, { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
      (asked, sizes) => {
        const stream = Buffer.concat([
          message("R", Buffer.alloc(4)),
          ...asked.flatMap(({ bytes }) => bytes),
          message("Z", "I"),
        ]);
        const answers = createAnswers();
        for (let at = 0, piece = 0; at < stream.length; piece++) {
          const size = sizes[piece % sizes.length] ?? 1;
          answers.read(stream.subarray(at, at + size));
          at += size;
        }
        expect(answers.last()).toBe(asked.at(-1)?.last);
        expect(answers.copies()).toBe(false);
      },
    ),
  );
});

test("a COPY is noticed, and reset() forgets it", () => {
  for (const type of ["G", "H", "W"]) {
    const answers = createAnswers();
    answers.read(message("C", "DELETE 3\0"));
    answers.read(message(type, "\0\0\0"));
    expect([answers.last(), answers.copies()]).toEqual(["DELETE 3", true]);
    answers.reset();
    expect([answers.last(), answers.copies()]).toEqual(["", false]);
  }
});
