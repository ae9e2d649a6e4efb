import {
  isInputObjectType,
  isListType,
  isNonNullType,
  typeFromAST,
  type GraphQLSchema,
  type GraphQLType,
  type OperationDefinitionNode,
} from 'graphql';

/** Compiling so many costs some ten milliseconds. */
const MAX_MEMBERS = 500;

/**
 * Tells whether graphql-jit can compile the variables of an operation in little time. It writes the code of a list's items twice, once for
 * a value that is not a list, and goes into types that contain themselves until its stack is full, which takes seconds.
 */
export function isCompilable(schema: GraphQLSchema, { variableDefinitions = [] }: OperationDefinitionNode): boolean {
  let left = MAX_MEMBERS;
  const write = (type: GraphQLType, times: number): void => {
    if (isNonNullType(type)) return write(type.ofType, times);
    if (isListType(type)) return write(type.ofType, times * 2);
    left -= times;
    if (!isInputObjectType(type)) return;
    for (const field of Object.values(type.getFields())) {
      if (left < 0) return;
      write(field.type, times);
    }
  };
  for (const { type: node } of variableDefinitions) {
    const type = typeFromAST(schema, node);
    if (type && left >= 0) write(type, 1);
  }
  return left >= 0;
}
