import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** Bytes of this length and more are not copied into the writer's own buffer, which is copied as often as it grows. */
const LARGE = 65_536;

/** Writes messages; large bytes of the outermost one are copied once, into the result. */
export class MessageWriter extends BinaryWriter {
  #depth = 0;
  #parts: Uint8Array[] = [];

  override fork(): this {
    this.#depth++;
    return super.fork();
  }

  override join(): this {
    this.#depth--;
    return super.join();
  }

  override bytes(value: Uint8Array): this {
    // Before an inner message stands its length, which is known when it is complete.
    if (value.length < LARGE || this.#depth > 0) return super.bytes(value);
    this.uint32(value.length);
    this.#parts.push(super.finish(), value);
    return this;
  }

  override finish(): Uint8Array<ArrayBuffer> {
    const last = super.finish();
    if (this.#parts.length === 0) return last;
    const parts = [...this.#parts, last];
    this.#parts = [];
    const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** Whether something cannot be written. */
export function fails(write: (writer: BinaryWriter) => void): boolean {
  try {
    write(new MessageWriter());
    return false;
  } catch {
    return true;
  }
}
