import { createHash } from 'node:crypto';
import type { IPublishPacket } from 'mqtt';
import { Recent } from '../../life/recent.ts';

/** Packet ids that are remembered. A broker has no more on their way to one client. */
const MOST = 65_535;

/**
 * Knows the requests that a broker delivers again because the acknowledgement was lost. They have the packet id of the first delivery, the DUP flag
 * and the same content. The flag alone says little, because the first delivery may have been lost too, and callers may use correlation data again.
 * @see https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901108
 */
export class Redeliveries {
  /** A digest of the last request that came with a packet id. */
  readonly #taken = new Recent<number, string>(MOST);

  /** Whether a request was taken before. If not, it is remembered. `caller` names the call for its caller. */
  isRepeated({ topic, qos, dup, messageId }: IPublishPacket, payload: Uint8Array, caller: string): boolean {
    // QoS 0 is never sent again, and the client itself sorts out QoS 2.
    if (qos !== 1 || messageId === undefined) return false;
    const digest = createHash('sha256').update(`${topic}\n${caller}\n`).update(payload).digest('base64');
    if (dup && this.#taken.get(messageId) === digest) return true;
    this.#taken.set(messageId, digest);
    return false;
  }

  /** A new session: its packet ids begin anew. */
  clear(): void {
    this.#taken.clear();
  }
}
