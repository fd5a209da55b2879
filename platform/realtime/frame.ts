/**
 * Websocket frames as bytes. A server's frames have no mask, so one frame is the same
 * for everybody. A message to a thousand sockets is built once.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 */
const finalText = 0x81;
const finalBinary = 0x82;

export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = header(finalText, length);
  frame.write(text, frame.length - length);
  return frame;
}

/** @param parts written one after the other */
export function binaryFrame(...parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const frame = header(finalBinary, length);
  let offset = frame.length - length;
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

function header(kind: number, length: number): Buffer {
  if (length < 126) {
    const frame = Buffer.allocUnsafe(2 + length);
    frame[1] = length;
    frame[0] = kind;
    return frame;
  }
  if (length < 65_536) {
    const frame = Buffer.allocUnsafe(4 + length);
    frame[0] = kind;
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
    return frame;
  }
  const frame = Buffer.allocUnsafe(10 + length);
  frame[0] = kind;
  frame[1] = 127;
  frame.writeUInt32BE(0, 2);
  frame.writeUInt32BE(length, 6);
  return frame;
}
