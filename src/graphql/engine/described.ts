import { describeContract, type ContractView } from '../../schema/view.ts';
import { typesBy, type GraphqlTypes } from './types.ts';

/** A contract as GraphQL has it, with the whole description that a server needs. */
export type DescribedTypes = GraphqlTypes<ContractView>;

/**
 * Names a contract's types and fields for GraphQL; made once per contract.
 * Throws a `TypeError` if two operations or types would have the same name.
 */
export const graphqlTypes = typesBy(describeContract);
