import type { Duplex } from 'node:stream';

/**
 * Destroys a stream once a packet begins that is larger than `maxPacketBytes`, before its bytes are collected. It looks at what is read and keeps
 * nothing. Source: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html#_Toc398718023
 */
export function limitPackets(stream: Duplex, maxPacketBytes: number): void {
  const isTooLarge = packetMeter(maxPacketBytes);
  // The broker reads on 'readable': a stream in between would copy every byte and cost a turn of the event loop.
  const read = stream.read.bind(stream);
  stream.read = (size?: number) => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || !isTooLarge(chunk)) return chunk;
    stream.destroy(new Error(`a packet is larger than ${maxPacketBytes} bytes`));
    return null;
  };
}

/** Takes the bytes of a connection in order, and says whether a packet that begins in them is too large. */
export function packetMeter(maxPacketBytes: number): (chunk: Uint8Array) => boolean {
  /** Of the packet's body, still to come. */
  let rest = 0;
  /** Bytes of the fixed header so far: a type, then 1 to 4 with 7 bits of the length each. */
  let headerBytes = 0;
  let length = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (rest > 0) {
        const taken = Math.min(rest, chunk.length - at);
        rest -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (headerBytes++ === 0) continue;
      length += (byte & 0x7f) * 128 ** (headerBytes - 2);
      const goesOn = byte >= 0x80;
      if (headerBytes + length > maxPacketBytes || (goesOn && headerBytes > 4)) return true;
      if (goesOn) continue;
      rest = length;
      headerBytes = 0;
      length = 0;
    }
    return false;
  };
}
