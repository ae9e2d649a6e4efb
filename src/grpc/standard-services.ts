import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation, service as healthService } from 'grpc-health-check';
import { descriptorsOf } from './proto/descriptor.ts';
import type { ProtoFile } from './proto/proto.ts';

/** The services that tools and platforms expect beside a server's own. */
export interface StandardServices {
  /** Says that nothing is served any more, and ends what watches. */
  stop(): void;
}

/** A streaming call that somebody may hold open for as long as they like. */
interface OpenCall {
  end(): void;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** Adds health checking (`grpc.health.v1`) and reflection (v1 and v1alpha) to a server. */
export function addStandardServices(
  server: Server,
  file: ProtoFile,
  wanted: { readonly health: boolean; readonly reflection: boolean },
): StandardServices {
  const open = new Set<OpenCall>();
  const tracked = trackCalls(server, open);
  const names = ['', ...file.services.map(({ name }) => `${file.package}.${name}`)];
  const health = wanted.health ? new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'SERVING' as const]))) : undefined;
  health?.addToServer(tracked);
  if (wanted.reflection) {
    const own = descriptorsOf(file).map((bytes) => Buffer.from(bytes));
    // Tools can call health checking by reflection too.
    const standard = health ? (healthService['Check']?.requestType.fileDescriptorProtos ?? []) : [];
    new ReflectionService({
      [file.package]: { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos: [...own, ...standard] },
    } as never).addToServer(tracked);
  }
  return {
    stop() {
      if (health) for (const name of names) health.setStatus(name, 'NOT_SERVING');
      for (const call of open) call.end();
    },
  };
}

/** The same server for libraries that know no end of their streams: what they hold open is known. */
function trackCalls(server: Server, open: Set<OpenCall>): Server {
  const addService = (definition: ServiceDefinition, implementation: UntypedServiceImplementation) => {
    const tracked = Object.entries(implementation).map(([name, handler]): [string, unknown] => [
      name,
      (call: OpenCall, ...rest: readonly unknown[]) => {
        if (rest.length === 0) {
          open.add(call);
          call.once('cancelled', () => open.delete(call));
        }
        return (handler as (...args: readonly unknown[]) => void)(call, ...rest);
      },
    ]);
    server.addService(definition, Object.fromEntries(tracked) as UntypedServiceImplementation);
  };
  return { addService } as unknown as Server;
}
