import type { Headers } from '../../core/transport.ts';
import type { MqttCredentials } from '../options.ts';

/**
 * The user name and password that say the same as an `authorization` header, as the embedded broker reads them: Basic as it is, and the user
 * `bearer` for a Bearer token. For other schemes there are none.
 */
export function credentialsFrom(headers: Headers): MqttCredentials {
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  const [, scheme = '', value = ''] = /^(\S+) +(.+)$/.exec(authorization ?? '') ?? [];
  if (/^bearer$/i.test(scheme)) return { username: 'bearer', password: value };
  const [, username, password] = /^basic$/i.test(scheme) ? (/^([^:]*):(.*)$/s.exec(decode(value)) ?? []) : [];
  return username === undefined ? {} : { username, password: password ?? '' };
}

function decode(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  } catch {
    return '';
  }
}
