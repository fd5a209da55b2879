import { expect, test } from "vitest";
import { announcesMore, readBytes, readText } from "../../platform/body.ts";

const tooLarge = () => new Error("too large");
/** A body without a length, in chunks of one byte. `pulled` counts the chunks that were asked for. */
function slowBody(bytes: number) {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (pulled++ < bytes) controller.enqueue(Uint8Array.of(97));
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { message: new Response(body), pulled: () => pulled };
}

test("a body of just the allowed size is read, and none is empty", async () => {
  expect(await readText(slowBody(5).message, 5, tooLarge)).toBe("aaaaa");
  expect(await readText(new Response("ü €"), 6, tooLarge)).toBe("ü €");
  expect(await readBytes(new Request("http://a.example"), 0, tooLarge)).toHaveLength(0);
});

test("a body that is too large is read no further than it has to be", async () => {
  const { message, pulled } = slowBody(1_000);
  await expect(readBytes(message, 5, tooLarge)).rejects.toThrow("too large");
  expect(pulled()).toBe(6);
});

test("a request may announce too many bytes", () => {
  const announcing = (bytes: string) => new Response("", { headers: { "content-length": bytes } });
  expect(announcesMore(announcing("6"), 5)).toBe(true);
  expect(announcesMore(announcing("5"), 5)).toBe(false);
  expect(announcesMore(new Response(""), 5)).toBe(false);
});
