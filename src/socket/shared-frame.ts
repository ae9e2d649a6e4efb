const FIN_TEXT = 0x81;

/** A text frame as a server sends it. Source: https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + size);
  frame[0] = FIN_TEXT;
  if (head === 2) frame[1] = size;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  frame.write(text, head);
  return frame;
}

/** A message for many sockets: its frame is built once. */
export class SharedFrame {
  #bytes: Buffer | undefined;

  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get bytes(): Buffer {
    return (this.#bytes ??= textFrame(this.text));
  }
}
