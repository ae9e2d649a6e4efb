import type { Contract, Operation } from '../../core/contract.ts';
import { describeContract, type OperationView } from '../../schema/view.ts';
import { ContractPlans } from '../../xml/contract-plan.ts';
import type { ObjectPlan } from '../../xml/plan.ts';
import { pascal } from '../../schema/pascal.ts';

/** One operation as SOAP has it. */
export interface SoapOperation {
  readonly operation: Operation;
  readonly view: OperationView;
  /** `GetWeather` */
  readonly name: string;
  readonly service: SoapService;
  readonly requestElement: string;
  readonly responseElement: string;
  /** The content of the request's element: the input's fields. */
  readonly request: ObjectPlan;
  /** The content of the response's: the output as the one member `output`. */
  readonly response: ObjectPlan;
  /** The errors that it declares by name, each with an element of its own in the detail of its fault. */
  readonly faults: readonly SoapFault[];
  /** `SOAPAction`, and the parameter `action` of SOAP 1.2. */
  readonly action: string;
}

/** A declared error as SOAP has it: `<OrderOutOfStockFault>`, which stands before the `ApiFault`. */
export interface SoapFault {
  readonly reason: string;
  readonly element: string;
  readonly description: string | undefined;
  /** The content of it: the error's details. */
  readonly details: ObjectPlan;
}

/** One service of the contract. */
export interface SoapService {
  /** `WeatherService` */
  readonly name: string;
  readonly namespace: string;
  readonly operations: readonly SoapOperation[];
}

/** A contract as SOAP has it. */
export interface SoapBinding {
  readonly contract: Contract;
  /** Those with operations, in the contract's order. */
  readonly services: readonly SoapService[];
  readonly byName: ReadonlyMap<string, SoapOperation>;
  /** By the namespace and the local name of the request's element. */
  readonly byRequest: ReadonlyMap<string, ReadonlyMap<string, SoapOperation>>;
  readonly types: ContractPlans;
}

const bindings = new WeakMap<Contract, SoapBinding>();

/** Binds a contract's operations to SOAP; once per contract. Throws a `TypeError` if two services get the same name. */
export function soapBinding(contract: Contract): SoapBinding {
  let binding = bindings.get(contract);
  if (!binding) bindings.set(contract, (binding = bind(contract)));
  return binding;
}

function bind(contract: Contract): SoapBinding {
  const view = describeContract(contract);
  const types = new ContractPlans();
  const byName = new Map<string, SoapOperation>();
  const byRequest = new Map<string, Map<string, SoapOperation>>();
  const services: SoapService[] = [];
  for (const serviceName of contract.services) {
    const operations: SoapOperation[] = [];
    const service: SoapService = { name: `${pascal(serviceName)}Service`, namespace: namespaceOf(contract, serviceName), operations };
    for (const each of view.operations.values()) {
      const { operation } = each;
      // SOAP answers once.
      if (operation.service !== serviceName || operation.item) continue;
      const bound = bindOperation(each, service, types);
      operations.push(bound);
      byName.set(operation.name, bound);
      const inNamespace = byRequest.get(service.namespace) ?? new Map<string, SoapOperation>();
      byRequest.set(service.namespace, inNamespace.set(bound.requestElement, bound));
    }
    if (operations.length === 0) continue;
    const twin = services.find(({ namespace, name }) => namespace === service.namespace || name === service.name);
    if (twin) throw new TypeError(`soap: two services would both be '${twin.name}' in '${twin.namespace}': rename one`);
    services.push(service);
  }
  return { contract, services, byName, byRequest, types };
}

function bindOperation(view: OperationView, service: SoapService, types: ContractPlans): SoapOperation {
  const name = pascal(view.operation.name);
  const { input, output } = view;
  // An object is one element named after its type, a list repeats its items' element, and a value without a name gets the operation's.
  const outputName =
    (output?.node.kind === 'list' && !output.nullable ? output.node.items.node.name : output?.node.name) ?? `${name}Result`;
  return {
    operation: view.operation,
    view,
    name,
    service,
    requestElement: `${name}Request`,
    responseElement: `${name}Response`,
    request: input ? (types.of(input) as ObjectPlan) : types.message(undefined),
    response: types.message(output && types.member('output', outputName, output, false)),
    faults: view.errors.map((error) => ({
      reason: error.name,
      element: `${name}${pascal(error.name.toLowerCase())}Fault`,
      description: error.description,
      details: error.details ? (types.of(error.details) as ObjectPlan) : types.message(undefined),
    })),
    action: `${service.namespace}/${name}`,
  };
}

/** The contract's namespace and the service in lower case: `http://example.com/weatherservice`. */
function namespaceOf(contract: Contract, service: string): string {
  const base = /[/:#]$/.test(contract.namespace) ? contract.namespace : `${contract.namespace}/`;
  return `${base}${pascal(service).toLowerCase()}service`;
}
