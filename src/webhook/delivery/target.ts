import { lookup } from 'node:dns/promises';
import { isIP, type BlockList } from 'node:net';
import { ApiError } from '../../core/errors.ts';
import { inTime } from '../../life/timers.ts';
import { blockList, tierOf } from './address.ts';

/** Which endpoints webhooks may go to. */
export interface TargetOptions {
  /** Lets webhooks go to private and loopback addresses: for development, and if all subscribers are trusted. @default false */
  readonly allowPrivate?: boolean | undefined;
  /** Hosts (`hooks.internal`), addresses and ranges (`10.1.0.0/16`) that are allowed though they are not public. @default [] */
  readonly allow?: readonly string[] | undefined;
  /** How URLs may begin. @default ['https', 'http'] */
  readonly schemes?: readonly ('https' | 'http')[] | undefined;
  /** Ports that webhooks may go to. @default 80, 443 and all from 1024 on but those that browsers refuse too; with `allowPrivate` all */
  readonly ports?: readonly number[] | undefined;
  /** Finds the addresses of a host. @default the system's resolver */
  readonly resolve?: ((host: string) => Promise<readonly ResolvedAddress[]>) | undefined;
}

/** An address that a host name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** The address of a request: the one that was checked is the one that is connected to. */
export interface Target extends ResolvedAddress {
  readonly url: URL;
}

/** Above 1023. Source: https://fetch.spec.whatwg.org/#bad-port */
const BAD_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);
const MAX_URL_LENGTH = 2048;

/** Tells which URLs webhooks may go to, and to which address. */
export class TargetGuard {
  readonly #hosts: ReadonlySet<string>;
  readonly #ranges: BlockList;
  readonly #schemes: ReadonlySet<string>;
  readonly #ports: ReadonlySet<number> | undefined;
  readonly #allowPrivate: boolean;
  readonly #timeoutMs: number;
  readonly #resolve: (host: string) => Promise<readonly ResolvedAddress[]>;

  /** `timeoutMs`: how long a resolver may take. */
  constructor({ allow = [], schemes = ['https', 'http'], ports, allowPrivate = false, resolve }: TargetOptions, timeoutMs = 15_000) {
    this.#timeoutMs = timeoutMs;
    const isRange = (text: string) => text.includes('/') || isIP(text) !== 0;
    this.#hosts = new Set(allow.filter((text) => !isRange(text)).map((host) => host.toLowerCase()));
    this.#ranges = blockList(allow.filter(isRange));
    this.#schemes = new Set(schemes.map((scheme) => `${scheme}:`));
    this.#ports = ports && new Set(ports);
    this.#allowPrivate = allowPrivate;
    this.#resolve = async (host) => (resolve ? resolve(host) : lookup(host, { all: true, verbatim: true }));
  }

  /** Resolves when and checks; throws INVALID_ARGUMENT for an endpoint that is not allowed, UNAVAILABLE for a host that is not known. */
  async check(text: string): Promise<Target> {
    const url = this.#parse(text);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const family = isIP(host);
    return { url, ...(family === 0 ? await this.find(host) : this.#judge(host, [{ address: host, family }])) };
  }

  /** An allowed address of a host. */
  async find(host: string): Promise<ResolvedAddress> {
    let found: readonly ResolvedAddress[];
    try {
      found = await inTime(this.#timeoutMs, this.#resolve(host), () => new Error(`no answer within ${this.#timeoutMs} ms`));
    } catch (cause) {
      throw new ApiError('UNAVAILABLE', `url: the host '${host}' is not known`, { cause, sent: false });
    }
    return this.#judge(host, found);
  }

  #parse(text: string): URL {
    const url = text.length <= MAX_URL_LENGTH && URL.canParse(text) ? new URL(text) : undefined;
    if (!url) throw refuse(`'${text.slice(0, 100)}' is not a URL`);
    if (!this.#schemes.has(url.protocol))
      throw refuse(`it must begin with ${[...this.#schemes].map((scheme) => `${scheme}//`).join(' or ')}`);
    if (url.username !== '' || url.password !== '') throw refuse('it must not have credentials: the signature proves who sends');
    if (url.hash !== '') throw refuse('it must not have a fragment');
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
    if (!this.#isPortAllowed(port)) throw refuse(`the port ${port} is not allowed`);
    return url;
  }

  #isPortAllowed(port: number): boolean {
    if (this.#ports) return this.#ports.has(port);
    return this.#allowPrivate || port === 80 || port === 443 || (port >= 1024 && !BAD_PORTS.has(port));
  }

  /** One address that is not allowed is enough, because a name with public and private addresses hopes for the wrong pick. */
  #judge(host: string, found: readonly ResolvedAddress[]): ResolvedAddress {
    const [first] = found;
    if (!first) throw new ApiError('UNAVAILABLE', `url: the host '${host}' has no address`, { sent: false });
    if (!this.#hosts.has(host.toLowerCase()) && !found.every(({ address }) => this.#isAllowed(address))) {
      throw refuse('its host is not at a public address');
    }
    return first;
  }

  #isAllowed(address: string): boolean {
    const tier = tierOf(address);
    if (tier === 'public' || (tier === 'private' && this.#allowPrivate)) return true;
    const version = isIP(address);
    return version !== 0 && this.#ranges.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }
}

function refuse(why: string): ApiError {
  const message = `url: webhooks cannot go there: ${why}`;
  return new ApiError('INVALID_ARGUMENT', message, { details: { issues: [{ path: ['url'], message: why }] }, sent: false });
}
