import { RealtimeClient } from "@supabase/supabase-js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkDepth, elementsOf, membersOf } from "../../../platform/realtime/json-text.ts";
import { broadcastFanout, decode, message, versionOf } from "../../../platform/realtime/protocol.ts";

/** The payload of a websocket frame, as long as the frame says. */
function unframed(frame: Buffer): Buffer {
  const length = frame[1] as number;
  const [start, bytes] =
    length < 126
      ? [2, length]
      : length === 126
        ? [4, frame.readUInt16BE(2)]
        : [10, Number(frame.readBigUInt64BE(2))];
  expect(frame.length).toBe(start + bytes);
  return frame.subarray(start);
}

/** A copy in a buffer of its own, because the client reads the whole buffer. */
const arrayBuffer = (bytes: Buffer) => Uint8Array.from(bytes).buffer;

const short = fc.string({ unit: "grapheme", maxLength: 20 });

test("the server decodes what the client encodes", () => {
  const { serializer } = new RealtimeClient("ws://plaza.example", { params: { apikey: "key" } });
  fc.assert(
    fc.property(short, short, fc.json(), fc.constantFrom("json", "bytes"), (topic, event, json, kind) => {
      const bytes = Buffer.from(json);
      const payload = kind === "json" ? JSON.parse(json) : arrayBuffer(bytes);
      const sent = { topic, event: "broadcast", ref: "2", join_ref: "1", payload: { event, payload } };
      let encoded: ArrayBuffer | string = "";
      serializer.encode(sent, (data: ArrayBuffer | string) => {
        encoded = data;
      });
      const inbound = decode(2, Buffer.from(encoded as unknown as ArrayBuffer), true);
      expect(inbound).toMatchObject({ topic, event: "broadcast", ref: "2", joinRef: "1" });
      expect(inbound?.broadcast?.event).toBe(event);
      const got = inbound?.broadcast?.payload;
      if (kind === "bytes") expect(got).toEqual({ binary: bytes });
      else expect(JSON.parse((got as { json: string }).json)).toEqual(payload ?? {});
    }),
  );
});

test("the client decodes what the server encodes, however long it is", () => {
  const { serializer } = new RealtimeClient("ws://plaza.example", { params: { apikey: "key" } });
  const decoded = (data: ArrayBuffer | string) => {
    let result: unknown;
    serializer.decode(data, (value: unknown) => {
      result = value;
    });
    return result;
  };
  fc.assert(
    fc.property(short, short, fc.constantFrom(0, 100, 200, 70_000), (topic, event, padding) => {
      const payload = { text: "é".repeat(padding) };
      const fanout = broadcastFanout(topic, { event, payload: { json: JSON.stringify(payload) } }, "an-id");
      const two = unframed(fanout.frame(2) as Buffer);
      const expected = {
        topic,
        event: "broadcast",
        join_ref: null,
        ref: null,
        payload: { type: "broadcast", event, payload, meta: { id: "an-id" } },
      };
      expect(decoded(arrayBuffer(two))).toEqual(expected);
      const one = JSON.parse(unframed(fanout.frame(1) as Buffer).toString());
      expect(one).toEqual({ topic, event: "broadcast", ref: null, payload: expected.payload });
      const text = unframed(message(2, "1", "2", topic, event, JSON.stringify(payload))).toString();
      expect(decoded(text)).toEqual({ join_ref: "1", ref: "2", topic, event, payload });
    }),
  );
});

test("a frame for many clients is built once for each version", () => {
  const fanout = broadcastFanout("t", { event: "e", payload: { binary: Uint8Array.of(1) } });
  expect(fanout.frame(2)).toBe(fanout.frame(2));
  expect(fanout.frame(1)).toBeUndefined();
});

test("decoding never throws, for any bytes", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
      fc.constantFrom(1, 2),
      (bytes, binary, version) => {
        decode(version as 1 | 2, Buffer.from(bytes), binary);
        decode(version as 1 | 2, Buffer.from([3, ...bytes]), binary);
      },
    ),
  );
});

test("the parts of a JSON text are those that a parser finds", () => {
  const space = fc.constantFrom("", " ", "\n\t");
  const list = fc.array(fc.jsonValue());
  fc.assert(
    fc.property(list, fc.dictionary(fc.string(), fc.jsonValue()), space, (elements, members, indent) => {
      const written = JSON.stringify(elements, null, indent);
      expect(elementsOf(written).map((text) => JSON.parse(text))).toEqual(JSON.parse(written));
      expect(elementsOf(written, 2)).toEqual(elementsOf(written).slice(0, 2));
      const parts = Array.from(membersOf(JSON.stringify(members, null, indent)));
      expect(parts.map(([name, text]) => [name, JSON.stringify(JSON.parse(text))])).toEqual(
        Object.entries(members).map(([name, value]) => [name, JSON.stringify(value)]),
      );
    }),
  );
  expect(membersOf('{"a":1,"\\u0061" : 1.0 }')).toEqual(new Map([["a", "1.0"]]));
  expect(() => checkDepth("[".repeat(4_000) + "]".repeat(4_000))).not.toThrow();
  expect(() => checkDepth("[".repeat(4_001) + "]".repeat(4_001))).toThrow(RangeError);
});

test("a version is recognised by its numbers", () => {
  expect([null, "1.0.0", "1.0.7", "2.0.0", "2.1.0", "3.0.0", "", "2"].map(versionOf)).toEqual([
    1,
    1,
    1,
    2,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
