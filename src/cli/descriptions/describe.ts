import type { Contract } from '../../core/contract.ts';
import type { JsonObject } from '../../core/errors.ts';
import type { ProtoLock } from '../../grpc/schema.ts';

/** The facts of a description beside the contract. */
export interface DescribeOptions {
  /** The addresses of the service, a URL for each protocol: `https:`, `wss:`, `mqtts:`. */
  readonly servers: readonly string[];
  /** The field numbers that were published before. */
  readonly lock?: ProtoLock | undefined;
}

/** One description as a file. */
export interface Description {
  /** The file's name: `openapi.json`. */
  readonly file: string;
  readonly text: string;
}

const SOAP_PATH = '/soap';

/** Descriptions of a contract by format; the printer of a format is loaded when it is asked for. */
export const DESCRIPTIONS = {
  openapi: async (contract, { servers }) => {
    const http = servers.filter((url) => /^https?:/.test(url));
    const { openApi } = await import('../../rest/schema.ts');
    return { file: 'openapi.json', text: json(openApi(contract, http.length > 0 ? { servers: http } : {})) };
  },
  asyncapi: async (contract, { servers }) => {
    const [{ asyncApi, sseProtocol }, { webSocketProtocol }, { mqttProtocol }] = await Promise.all([
      import('../../schema/asyncapi.ts'),
      import('../../websocket/schema.ts'),
      import('../../mqtt/schema.ts'),
    ]);
    const found = { http: sseProtocol, ws: webSocketProtocol, mqtt: (url: string) => mqttProtocol({ url }) };
    const protocols = Object.entries(found).flatMap(([scheme, protocol]) => {
      const url = servers.find((server) => new RegExp(`^${scheme}s?:`).test(server));
      return url === undefined ? [] : [protocol(url)];
    });
    return { file: 'asyncapi.json', text: json(asyncApi(contract, protocols.length > 0 ? { protocols } : {})) };
  },
  graphql: async (contract) => ({ file: 'schema.graphql', text: (await import('../../graphql/schema.ts')).graphqlSchema(contract) }),
  proto: async (contract, { lock }) => ({
    file: `${contract.name}.proto`,
    text: (await import('../../grpc/schema.ts')).printProto(contract, lock),
  }),
  wsdl: async (contract, { servers }) => {
    const http = servers.find((url) => /^https?:/.test(url)) ?? 'http://localhost:4000';
    const address = http.endsWith(SOAP_PATH) ? http : http.replace(/\/$/, '') + SOAP_PATH;
    return { file: `${contract.name}.wsdl`, text: (await import('../../soap/schema.ts')).wsdl(contract, address) };
  },
} satisfies Readonly<Record<string, (contract: Contract, options: DescribeOptions) => Promise<Description>>>;

/** The name of a format that is printed. */
export type DescriptionFormat = keyof typeof DESCRIPTIONS;

/** The field numbers of a contract's .proto file, with those that were published before. */
export async function lockOf(contract: Contract, before: ProtoLock | undefined): Promise<string> {
  return json((await import('../../grpc/schema.ts')).lockProto(contract, before));
}

function json(document: JsonObject | ProtoLock): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
