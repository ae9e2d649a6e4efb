import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { openRest } from './rest.ts';

/** Server-sent events whose data is a CloudEvent. */
export const target: ConformanceTarget = { name: 'rest-cloud-events', open: openRest({ cloudEvents: 'structured' }), can: ['subscribe'] };
