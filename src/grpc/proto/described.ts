import { describeContract } from '../../schema/view.ts';
import { protoBy } from './build.ts';

/** Lowers a contract to a .proto file with all that its description says: what a server needs. */
export const protoOf = protoBy(describeContract);
