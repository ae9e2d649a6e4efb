import type { EventDefinition } from '../../core/contract.ts';
import type { ErrorBody } from '../../core/errors.ts';
import type { EventMessage } from '../../core/transport.ts';
import { structuredCloudEvent, type CloudEventWriter } from '../../events/cloud/cloud-event.ts';
import { encodeOnce } from '../../events/encode-once.ts';
import { readCloudEvent } from '../../events/cloud/read-cloud-event.ts';
import { isoNow } from '../../life/now.ts';
import { SharedFrame } from '../../socket/shared-frame.ts';
import { encodeChannelError } from '../wire.ts';

/** How the server writes and reads the frames of a channel. */
export interface ChannelFormat {
  /** The frame of an event, which is encoded once for all its subscribers. */
  frame(message: EventMessage): SharedFrame;
  /** The content of a frame of the peer. Throws INVALID_ARGUMENT. */
  payload(value: unknown): unknown;
  /** The frame that tells an error. */
  error(error: ErrorBody): string;
}

/** Frames are payloads. */
export function plainFormat(): ChannelFormat {
  return {
    frame: encodeOnce(({ data }) => new SharedFrame(JSON.stringify(data))),
    payload: (value) => value,
    error: encodeChannelError,
  };
}

/** Frames are CloudEvents in JSON, in both directions. */
export function cloudFormat(event: EventDefinition, cloud: CloudEventWriter): ChannelFormat {
  return {
    frame: encodeOnce((message) => new SharedFrame(structuredCloudEvent(cloud.attributes(event, message), JSON.stringify(message.data)))),
    payload: (value) => readCloudEvent(value).data,
    error: (error) => structuredCloudEvent(cloud.notice(ERROR_TYPE, crypto.randomUUID(), isoNow()), encodeChannelError(error)),
  };
}

/** The type of a CloudEvent that tells an error. */
const ERROR_TYPE = 'channel.error';
