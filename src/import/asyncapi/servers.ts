import { own } from '../../core/own.ts';
import type { JsonObject } from '../../core/errors.ts';
import type { Findings } from '../draft/findings.ts';
import { membersOf, words } from '../json-schema/facts.ts';
import type { SchemaTypes } from '../json-schema/schema-types.ts';
import type { Location } from '../load/location.ts';
import type { Flow } from './flows.ts';

/** A protocol that a client of an AsyncAPI document speaks. */
export type AsyncProtocol = 'mqtt' | 'ws' | 'http';

/** The protocol that is spoken, with the servers that speak it. */
export interface Spoken {
  readonly protocol: AsyncProtocol;
  readonly url: string | undefined;
  readonly servers: ReadonlySet<string>;
  /** The requirements of the first of them. */
  readonly security?: unknown;
}

const PROTOCOLS: Readonly<Record<string, readonly [protocol: AsyncProtocol, scheme: string]>> = {
  mqtt: ['mqtt', 'mqtt'],
  mqtt5: ['mqtt', 'mqtt'],
  mqtts: ['mqtt', 'mqtts'],
  'secure-mqtt': ['mqtt', 'mqtts'],
  'mqtt-secure': ['mqtt', 'mqtts'],
  ws: ['ws', 'ws'],
  websocket: ['ws', 'ws'],
  websockets: ['ws', 'ws'],
  wss: ['ws', 'wss'],
  http: ['http', 'http'],
  https: ['http', 'https'],
  sse: ['http', 'https'],
};

/** Of a document's servers the first that speaks MQTT, WebSocket or HTTP; without servers what the bindings are for. */
export function spokenBy(
  root: JsonObject,
  location: Location,
  flows: readonly Flow[],
  types: SchemaTypes,
  findings: Findings,
): Spoken | undefined {
  const servers = Object.entries(membersOf(root['servers'])).map(([name, given]) => {
    const { value: server } = types.resolve(given, location);
    const said = words(server['protocol'])?.toLowerCase() ?? '';
    return { name, server, said, known: own(PROTOCOLS, said) };
  });
  const first = servers.find(({ known }) => known !== undefined);
  if (first?.known) {
    const [protocol] = first.known;
    const others = servers.filter(({ known }) => known?.[0] !== protocol);
    if (others.length > 0)
      findings.add('#/servers', `servers of ${[...new Set(others.map(({ said }) => said))].join(', ')}`, `the client speaks ${first.said}`);
    const [scheme] = first.known.slice(1);
    const alike = servers.filter(({ known }) => known?.[0] === protocol).map(({ name }) => name);
    return { protocol, url: urlOf(first.server, scheme ?? protocol), servers: new Set(alike), security: first.server['security'] };
  }
  if (servers.length > 0) return undefined;
  const bound = new Set(flows.flatMap(({ bindings, channel }) => [...Object.keys(bindings), ...Object.keys(channel.bindings)]));
  const [found = 'mqtt'] = [...bound].flatMap((name) => own(PROTOCOLS, name)?.[0] ?? []);
  return { protocol: found, url: undefined, servers: new Set() };
}

/** The address of a server with the defaults of its variables; none if one has no default. */
function urlOf(server: JsonObject, scheme: string): string | undefined {
  const host = words(server['host']);
  const text = host === undefined ? words(server['url']) : `${host}${words(server['pathname']) ?? ''}`;
  const variables = membersOf(server['variables']);
  const filled = text?.replace(/\{([^{}]+)\}/g, (whole, name: string) => words(membersOf(variables[name])['default']) ?? whole);
  if (filled === undefined || /[{}]/.test(filled)) return undefined;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(filled) ? filled.replace(/^[^:]+/, scheme) : `${scheme}://${filled}`;
  return URL.canParse(url) ? url.replace(/\/+$/, '') : undefined;
}
