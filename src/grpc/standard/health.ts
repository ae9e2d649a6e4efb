import { status as Status, type Server, type ServerWritableStream, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { create } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { eachField } from '../codec/fields.ts';
import { rawMethod } from '../raw-method.ts';

const { ENUM, MESSAGE, STRING } = FieldDescriptorProto_Type;
const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;

/** Source: https://github.com/grpc/grpc/blob/master/src/proto/grpc/health/v1/health.proto */
const SERVING_STATUS = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

/** The standard's .proto file, for reflection. */
export const HEALTH_FILE = create(FileDescriptorProtoSchema, {
  name: 'grpc/health/v1/health.proto',
  package: 'grpc.health.v1',
  syntax: 'proto3',
  messageType: [
    { name: 'HealthCheckRequest', field: [{ name: 'service', number: 1, label: OPTIONAL, type: STRING }] },
    {
      name: 'HealthCheckResponse',
      field: [{ name: 'status', number: 1, label: OPTIONAL, type: ENUM, typeName: '.grpc.health.v1.HealthCheckResponse.ServingStatus' }],
      enumType: [{ name: 'ServingStatus', value: Object.entries(SERVING_STATUS).map(([name, number]) => ({ name, number })) }],
    },
    { name: 'HealthListRequest' },
    {
      name: 'HealthListResponse',
      field: [
        { name: 'statuses', number: 1, label: REPEATED, type: MESSAGE, typeName: '.grpc.health.v1.HealthListResponse.StatusesEntry' },
      ],
      nestedType: [
        {
          name: 'StatusesEntry',
          field: [
            { name: 'key', number: 1, label: OPTIONAL, type: STRING },
            { name: 'value', number: 2, label: OPTIONAL, type: MESSAGE, typeName: '.grpc.health.v1.HealthCheckResponse' },
          ],
          options: { mapEntry: true },
        },
      ],
    },
  ],
  service: [
    {
      name: 'Health',
      method: [
        { name: 'Check', inputType: '.grpc.health.v1.HealthCheckRequest', outputType: '.grpc.health.v1.HealthCheckResponse' },
        {
          name: 'Watch',
          inputType: '.grpc.health.v1.HealthCheckRequest',
          outputType: '.grpc.health.v1.HealthCheckResponse',
          serverStreaming: true,
        },
        { name: 'List', inputType: '.grpc.health.v1.HealthListRequest', outputType: '.grpc.health.v1.HealthListResponse' },
      ],
    },
  ],
});

type Watcher = ServerWritableStream<Buffer, Buffer>;

/** Health checking of a server whose services all share one state. */
export class Health {
  /** With `''`, which stands for the server. */
  readonly #names: ReadonlySet<string>;
  readonly #watchers = new Map<Watcher, string>();
  #status: keyof typeof SERVING_STATUS = 'SERVING';

  constructor(services: readonly string[]) {
    this.#names = new Set(['', ...services]);
  }

  addTo(server: Server): void {
    const path = (name: string) => `/grpc.health.v1.Health/${name}`;
    server.addService(
      { check: rawMethod(path('Check')), watch: rawMethod(path('Watch'), { out: true }), list: rawMethod(path('List')) },
      {
        check: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
          const service = readService(call.request);
          if (service !== undefined && this.#names.has(service)) return done(null, this.#statusOf(service));
          if (service === undefined) return done({ code: Status.INVALID_ARGUMENT, details: 'this is not a HealthCheckRequest' });
          done({ code: Status.NOT_FOUND, details: `the server has no service '${service.slice(0, 100)}'` });
        },
        watch: (call: Watcher) => {
          const service = readService(call.request);
          if (service === undefined) {
            call.emit('error', { code: Status.INVALID_ARGUMENT, details: 'this is not a HealthCheckRequest' });
            return;
          }
          this.#watchers.set(call, service);
          call.on('cancelled', () => this.#watchers.delete(call));
          call.write(this.#statusOf(service));
        },
        list: (_: unknown, done: sendUnaryData<Buffer>) => done(null, this.#list()),
      },
    );
  }

  /** Says that nothing is served any more, and ends what watches. */
  stop(): void {
    this.#status = 'NOT_SERVING';
    for (const [call, service] of this.#watchers) {
      call.write(this.#statusOf(service));
      call.end();
    }
  }

  #statusOf(service: string): Buffer {
    return encodeStatus(this.#names.has(service) ? this.#status : 'SERVICE_UNKNOWN');
  }

  #list(): Buffer {
    const writer = new BinaryWriter();
    for (const name of this.#names) {
      writer.uint32(10).fork().uint32(10).string(name).uint32(18).bytes(this.#statusOf(name)).join();
    }
    return Buffer.from(writer.finish());
  }
}

function encodeStatus(status: keyof typeof SERVING_STATUS): Buffer {
  return Buffer.from([8, SERVING_STATUS[status]]);
}

/** The service that a HealthCheckRequest asks for; `undefined` if it is not one. */
function readService(bytes: Buffer): string | undefined {
  let service = '';
  try {
    const reader = new BinaryReader(bytes);
    eachField(reader, bytes.length, (tag) => {
      if (tag === 10) service = reader.string(true);
      return tag === 10;
    });
    return service;
  } catch {
    return undefined;
  }
}
