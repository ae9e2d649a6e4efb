import { ApiError } from '../../core/errors.ts';
import { foldName } from '../../xml/name.ts';
import type { SoapWsdlOperation } from '../options.ts';
import type { SoapVersion } from '../version.ts';
import type { WsdlOperation, WsdlPort } from '../wsdl/model.ts';

/** An operation and its port. */
export interface Found {
  readonly port: WsdlPort;
  readonly operation: WsdlOperation;
}

/**
 * The operation of a WSDL for one of the contract: of the service and port that are named, else of the first port of the version, else of the first.
 * @throws `ApiError` UNIMPLEMENTED that names the operations that there are.
 */
export function findOperation(
  ports: readonly WsdlPort[],
  name: string,
  mapped: SoapWsdlOperation,
  version: SoapVersion | undefined,
): Found {
  const { operation = name, service, port } = mapped;
  const candidates = ports.filter((each) => (service ?? each.service) === each.service && (port ?? each.name) === each.name);
  const found = candidates.flatMap((each): Found[] => {
    const exact = each.operations.get(operation);
    const same = exact ? [exact] : [...each.operations.values()].filter((other) => foldName(other.name) === foldName(operation));
    const [only] = same;
    return only && same.length === 1 ? [{ port: each, operation: only }] : [];
  });
  const best = found.find((each) => each.port.version === (version ?? '1.1')) ?? found[0];
  if (best) return best;
  const known = [...new Set(ports.flatMap(({ operations }) => [...operations.keys()]))];
  const names = known.length > 50 ? `${known.slice(0, 50).join(', ')} and ${known.length - 50} more` : known.join(', ');
  throw new ApiError(
    'UNIMPLEMENTED',
    `the WSDL has no operation '${operation}'${(port ?? service) !== undefined ? ' there' : ''}: it has ${names === '' ? 'none for SOAP' : names}`,
    { sent: false },
  );
}
