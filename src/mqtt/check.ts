import type { Contract } from '../core/contract.ts';

/** Names below `blog/v1/` that are no operations. */
export const OWN = ['status', 'cancel', 'more', 'replies'];

/** Throws a `TypeError` for a prefix that topics cannot have, and if names collide. Operations that are `mapped` have topics of their own. */
export function checkTopics({ operations }: Contract, prefix = '', mapped: object = {}): void {
  if (prefix !== '' && !/^[^/+#$\0][^+#\0]*[^/+#\0]$|^[^/+#$\0]$/.test(prefix))
    throw new TypeError(`topicPrefix: '${prefix}' must look like 'site/7': no slash at its ends, no wildcards`);
  for (const name of OWN) {
    if (Object.hasOwn(operations, name) && !Object.hasOwn(mapped, name))
      throw new TypeError(`mqtt: the operation '${name}' would have a topic that MQTT uses itself`);
  }
}

/** The url without what is secret in it. */
export function where(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '');
}

const SCHEMES = ['mqtt:', 'mqtts:', 'ws:', 'wss:', 'tcp:', 'ssl:', 'tls:'];

/** Throws a `TypeError` that says what is wrong with a broker's url. */
export function checkUrl(url: string, who: string): void {
  if (!URL.canParse(url)) throw new TypeError(`${who}: '${where(url)}' is not a URL: write it like 'mqtt://localhost:1883'`);
  const { protocol, username, password } = new URL(url);
  if (!SCHEMES.includes(protocol)) throw new TypeError(`${who}: '${where(url)}' must begin with mqtt://, mqtts://, ws:// or wss://`);
  if (username !== '' || password !== '')
    throw new TypeError(`${who}: put user name and password into the option 'credentials', not into the url`);
}
