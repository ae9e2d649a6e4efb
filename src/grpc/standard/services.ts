import type { Server } from '@grpc/grpc-js';
import { descriptorsOf } from '../proto/descriptor.ts';
import type { ProtoFile } from '../proto/proto.ts';
import { Health, HEALTH_FILE } from './health.ts';
import { Reflection } from './reflection.ts';

/** The services that tools and platforms expect beside a server's own. */
export interface StandardServices {
  /** Says that nothing is served any more, and ends streams that callers would hold open. */
  stop(): void;
}

/** Adds health checking (`grpc.health.v1`) and reflection (v1 and v1alpha) to a server. */
export function addStandardServices(
  server: Server,
  file: ProtoFile,
  wanted: { readonly health: boolean; readonly reflection: boolean },
): StandardServices {
  const health = wanted.health ? new Health(file.services.map(({ name }) => `${file.package}.${name}`)) : undefined;
  health?.addTo(server);
  // Tools can call health checking by reflection too.
  const reflection = wanted.reflection ? new Reflection([...descriptorsOf(file), ...(health ? [HEALTH_FILE] : [])]) : undefined;
  reflection?.addTo(server);
  return {
    stop() {
      health?.stop();
      reflection?.stop();
    },
  };
}
