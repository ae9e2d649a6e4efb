import type { SoapVersion } from '../version.ts';

/** A port of a service: its address, and its operations. */
export interface WsdlPort {
  readonly service: string;
  readonly name: string;
  readonly address: string | undefined;
  readonly version: SoapVersion;
  readonly operations: ReadonlyMap<string, WsdlOperation>;
}

export interface WsdlOperation {
  readonly name: string;
  readonly style: 'document' | 'rpc';
  /** `SOAPAction`. */
  readonly action: string;
  /** The action of WS-Addressing. */
  readonly addressingAction: string;
  readonly input: WsdlMessage;
  /** None of an operation that is only told something. */
  readonly output: WsdlMessage | undefined;
  /** Names of the faults that it declares. */
  readonly faults: readonly string[];
  readonly documentation: string | undefined;
}

export interface WsdlMessage {
  readonly encoded: boolean;
  /** Of the element around the parts of RPC. */
  readonly namespace: string;
  readonly parts: readonly WsdlPart[];
  readonly headers: readonly WsdlPart[];
}

/** One of the two says what it contains, by a qualified name. */
export interface WsdlPart {
  readonly name: string;
  readonly element: string | undefined;
  readonly type: string | undefined;
}
