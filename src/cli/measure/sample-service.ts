import type { Contract, Operation, Schema } from '../../core/contract.ts';
import { compileReceive } from '../../schema/codec/codec.ts';
import type { TypeUse } from '../../schema/node.ts';
import { seededRandom } from '../../schema/sample/random.ts';
import { sampleOf } from '../../schema/sample/sample.ts';
import { describeContract } from '../../schema/view.ts';
import { createService } from '../../service/service.ts';
import type { Handlers, Service } from '../../service/types.ts';

const ITEMS = 3;

/** A service that answers each call with a sample of its output: for a contract that has no service yet. */
export function createSampleService(contract: Contract): Service {
  const view = describeContract(contract);
  const handlers = Object.fromEntries(
    Object.values(contract.operations).map((operation) => {
      const { output, item } = view.operations.get(operation.name) ?? { output: undefined, item: undefined };
      return [operation.name, handlerOf(operation, output, item)];
    }),
  );
  return createService(contract, handlers as unknown as Handlers<Contract>);
}

function handlerOf({ name, output, item }: Operation, outputUse: TypeUse | undefined, itemUse: TypeUse | undefined): () => unknown {
  if (item && itemUse)
    return async function* () {
      for (let at = 0; at < ITEMS; at++) yield await application(item, sampleOf(itemUse, seededRandom(at), name));
    };
  return output && outputUse ? () => application(output, sampleOf(outputUse, seededRandom(0), name)) : () => undefined;
}

/** The application form of a sample; one that breaks a rule which cannot be read stays as it is, and the service says so. */
async function application(schema: Schema, sample: unknown): Promise<unknown> {
  const checked = await compileReceive(schema)(sample);
  return checked.issues ? sample : checked.value;
}
