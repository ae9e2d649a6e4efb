import type { Contract } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import type { ReceivedEnvelope } from '../wire.ts';

/** The reader of XML. Rejects with UNIMPLEMENTED if the contract has types that cannot be described, which XML needs. */
export async function xmlDecoder(contract: Contract): Promise<(text: string) => ReceivedEnvelope> {
  const { compileXmlDecoder } = await import('./xml-read.ts');
  try {
    return compileXmlDecoder(contract);
  } catch (cause) {
    throw new ApiError('UNIMPLEMENTED', 'webhooks in XML cannot be read here', { cause });
  }
}
