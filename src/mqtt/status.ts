import { ApiError, type ErrorCode } from '../core/errors.ts';

interface Reason {
  readonly code: ErrorCode;
  readonly text: string;
}

/** No client of the broker had subscribed to the topic. */
export const NO_SUBSCRIBERS = 0x10;

/** Source: https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901031 */
const REASONS: Readonly<Record<number, Reason>> = {
  // CONNACK of MQTT 3.1.1: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html#_Toc398718035
  1: { code: 'UNIMPLEMENTED', text: 'it does not speak this version of MQTT' },
  2: { code: 'INVALID_ARGUMENT', text: 'it refuses this client id' },
  3: { code: 'UNAVAILABLE', text: 'it is not available' },
  4: { code: 'UNAUTHENTICATED', text: 'user name or password are wrong' },
  5: { code: 'PERMISSION_DENIED', text: 'not authorized' },
  0x80: { code: 'UNKNOWN', text: 'unspecified error' },
  0x81: { code: 'INTERNAL', text: 'malformed packet' },
  0x82: { code: 'INTERNAL', text: 'protocol error' },
  0x83: { code: 'UNKNOWN', text: 'implementation specific error' },
  0x84: { code: 'UNIMPLEMENTED', text: 'it does not speak this version of MQTT' },
  0x85: { code: 'INVALID_ARGUMENT', text: 'it refuses this client id' },
  0x86: { code: 'UNAUTHENTICATED', text: 'user name or password are wrong' },
  0x87: { code: 'PERMISSION_DENIED', text: 'not authorized' },
  0x88: { code: 'UNAVAILABLE', text: 'it is not available' },
  0x89: { code: 'UNAVAILABLE', text: 'it is busy' },
  0x8a: { code: 'PERMISSION_DENIED', text: 'this client is banned' },
  0x8b: { code: 'UNAVAILABLE', text: 'it is shutting down' },
  0x8c: { code: 'UNAUTHENTICATED', text: 'it does not support this authentication method' },
  0x8d: { code: 'UNAVAILABLE', text: 'keep alive timeout' },
  0x8e: { code: 'ABORTED', text: 'another client connected with the same client id' },
  0x8f: { code: 'INVALID_ARGUMENT', text: 'it refuses this topic filter' },
  0x90: { code: 'INVALID_ARGUMENT', text: 'it refuses this topic' },
  0x93: { code: 'RESOURCE_EXHAUSTED', text: 'receive maximum exceeded' },
  0x95: { code: 'INVALID_ARGUMENT', text: 'the message is too large' },
  0x96: { code: 'RESOURCE_EXHAUSTED', text: 'too many messages' },
  0x97: { code: 'RESOURCE_EXHAUSTED', text: 'quota exceeded' },
  0x98: { code: 'UNAVAILABLE', text: 'an administrator closed the connection' },
  0x99: { code: 'INVALID_ARGUMENT', text: 'it refuses the format of the payload' },
  0x9a: { code: 'UNIMPLEMENTED', text: 'it does not retain messages' },
  0x9b: { code: 'UNIMPLEMENTED', text: 'it does not support this quality of service' },
  0x9c: { code: 'UNAVAILABLE', text: 'it says to use another server' },
  0x9d: { code: 'UNAVAILABLE', text: 'it has moved' },
  0x9e: { code: 'UNIMPLEMENTED', text: 'it does not support shared subscriptions' },
  0x9f: { code: 'RESOURCE_EXHAUSTED', text: 'too many connections' },
  0xa0: { code: 'UNAVAILABLE', text: 'the longest time of a connection is over' },
  0xa1: { code: 'UNIMPLEMENTED', text: 'it does not support subscription identifiers' },
  0xa2: { code: 'UNIMPLEMENTED', text: 'it does not support wildcards' },
};

/** The code of a broker's reason code. */
export function codeOf(reasonCode: number): ErrorCode {
  return REASONS[reasonCode]?.code ?? 'UNKNOWN';
}

/** Whether a broker's answer to CONNECT means that an older version of MQTT is worth a try. */
export function isVersionRefusal(reasonCode: number | undefined): boolean {
  return reasonCode === 1 || reasonCode === 0x84;
}

/** A broker's refusal as an error of the caller. */
export function refusal(what: string, reasonCode: number, sent: boolean): ApiError {
  const { code, text } = REASONS[reasonCode] ?? { code: 'UNKNOWN', text: 'it does not say why' };
  return new ApiError(code, `the broker refused ${what}: ${text} (reason code 0x${reasonCode.toString(16).padStart(2, '0')})`, {
    remote: true,
    sent,
    details: { reasonCode },
  });
}
