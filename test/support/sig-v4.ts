import { createHash, createHmac } from 'node:crypto';
import type { SignOption } from '../../src/rest/client.ts';

/** An access key of AWS, and the region and service that requests are for. */
export interface AwsKey {
  readonly id: string;
  readonly secret: string;
  readonly region: string;
  readonly service: string;
}

/** A request as both ends see it. */
interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html: all but the unreserved characters. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The signature of a request over the headers that are named. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
export function signatureV4({ method, url, headers }: Request, names: readonly string[], time: string, key: AwsKey): string {
  const { pathname, searchParams, host } = new URL(url);
  const path = pathname.split('/').map((part) => encode(decodeURIComponent(part))).join('/'); // prettier-ignore
  const query = [...searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort().join('&'); // prettier-ignore
  const signed = names.map((name) => `${name}:${(name === 'host' ? host : (headers[name] ?? '')).trim()}\n`).join('');
  const canonical = [method, path, query, signed, names.join(';'), headers['x-amz-content-sha256']].join('\n');
  const day = time.slice(0, 8);
  const scope = `${day}/${key.region}/${key.service}/aws4_request`;
  const signing = hmac(hmac(hmac(hmac(`AWS4${key.secret}`, day), key.region), key.service), 'aws4_request');
  return hmac(signing, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
}

/** The option `sign` for AWS. */
export function signV4(key: AwsKey): SignOption {
  return ({ method, url, headers, body }) => {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const own = { 'x-amz-date': time, 'x-amz-content-sha256': body ? sha256(body) : 'UNSIGNED-PAYLOAD' };
    const all = { ...headers, ...own };
    const names = ['host', ...Object.keys(all).filter((name) => name.startsWith('x-amz-') || name === 'content-type')].sort();
    const signature = signatureV4({ method, url, headers: all }, names, time, key);
    const scope = `${time.slice(0, 8)}/${key.region}/${key.service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${key.id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
    return { headers: { ...own, authorization } };
  };
}

/** Why AWS would refuse a request, as it came; `undefined` if it would not. */
export function refusalV4({ method, url, headers }: Request, body: string | Uint8Array, key: AwsKey): string | undefined {
  const [, names = '', signature] = /SignedHeaders=([\w;-]+), Signature=(\w+)/.exec(headers['authorization'] ?? '') ?? [];
  if (signature === undefined) return 'MissingAuthenticationToken';
  const said = headers['x-amz-content-sha256'];
  if (said !== 'UNSIGNED-PAYLOAD' && said !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  const expected = signatureV4({ method, url, headers }, names.split(';'), headers['x-amz-date'] ?? '', key);
  return signature === expected ? undefined : 'SignatureDoesNotMatch';
}
