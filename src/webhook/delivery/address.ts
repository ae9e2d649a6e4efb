import { BlockList, isIP, isIPv4 } from 'node:net';

/** How far an address is reachable: `public`, `private` (this machine, this network), or `forbidden` (never an endpoint of anyone). */
export type AddressTier = 'public' | 'private' | 'forbidden';

/** Source: https://www.iana.org/assignments/iana-ipv4-special-registry */
const PRIVATE_4 = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15'];
const FORBIDDEN_4 = [
  '0.0.0.0/8',
  // Link-local, the network of clouds' metadata.
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.175.48.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // The metadata of another cloud, within a private range.
  '100.100.100.200/32',
  // The platform's wire server, at a public address.
  '168.63.129.16/32',
];
/** Source: https://www.iana.org/assignments/iana-ipv6-special-registry */
const PRIVATE_6 = ['::1/128', 'fc00::/7'];
/** Within 2000::/3, outside of which nothing is public. 6to4 and Teredo hide an IPv4 address that another machine would connect to. */
const FORBIDDEN_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', 'fd00:ec2::/32', 'fd20:ce::/32'];
const GLOBAL_6 = ['2000::/3'];
/** The last 32 bits are an IPv4 address: mapped, translated (SIIT), and NAT64. */
const EMBEDDED_4 = ['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96'];

const forbidden4 = blockList(FORBIDDEN_4);
const private4 = blockList(PRIVATE_4);
const forbidden6 = blockList(FORBIDDEN_6);
const private6 = blockList(PRIVATE_6);
const global6 = blockList(GLOBAL_6);

/** The tier of an IP address, with that of the IPv4 address that an IPv6 address embeds. */
export function tierOf(address: string): AddressTier {
  if (isIPv4(address)) return forbidden4.check(address) ? 'forbidden' : private4.check(address) ? 'private' : 'public';
  const [plain = ''] = address.split('%');
  const groups = groupsOf(plain);
  if (!groups) return 'forbidden';
  const embedded = embeddedOf(groups);
  if (embedded !== undefined) return tierOf(embedded);
  if (forbidden6.check(plain, 'ipv6')) return 'forbidden';
  if (private6.check(plain, 'ipv6')) return 'private';
  return global6.check(plain, 'ipv6') ? 'public' : 'forbidden';
}

/** Compiles addresses and CIDR ranges. Throws a `TypeError` for anything else. */
export function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const version = isIP(address);
    const length = bits === undefined ? (version === 4 ? 32 : 128) : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (version === 0 || length < 0 || length > (version === 4 ? 32 : 128))
      throw new TypeError(`'${range}' is neither an IP address nor a range like 10.0.0.0/8`);
    list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] | undefined {
  if (isIP(address) !== 6) return undefined;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address;
  const [head = '', tail] = text.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number(`0x${group}`)));
  const [before, after] = [read(head), read(tail ?? '')];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

const EMBEDDING = EMBEDDED_4.map((range) => groupsOf(range.split('/')[0] ?? '')?.slice(0, 6) ?? []);

function embeddedOf(groups: readonly number[]): string | undefined {
  if (!EMBEDDING.some((head) => head.every((group, at) => group === groups[at]))) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
