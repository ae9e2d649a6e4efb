import type { SecuritySpec } from '../../core/security/security.ts';
import type { Credential } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { SecurityReader } from '../openapi/requirements.ts';
import { credentialsOf } from '../openapi/security.ts';
import { demandsOf, type Demands } from './assertions.ts';
import type { Policies } from './policies.ts';

/** The demands that the contract can express: credentials of HTTP and TLS. */
const SCHEMES = { basic: { type: 'http', scheme: 'basic' }, certificate: { type: 'mutualTLS' } } as const;

/** An operation of a port. */
interface Place {
  readonly service: string;
  readonly port: string;
  readonly address: string | undefined;
  readonly operation: string;
}

/** Reads what the policies of a WSDL ask of its callers. */
export class WsdlSecurity {
  readonly #demands: Demands[] = [];
  /** Has the schemes that operations ask for. */
  readonly reader: SecurityReader;
  private readonly policies: Policies;
  private readonly findings: Findings;

  constructor(policies: Policies, findings: Findings) {
    this.policies = policies;
    this.findings = findings;
    this.reader = new SecurityReader(SCHEMES, findings);
  }

  /** The `security` of an operation; `undefined` if its policies ask for none of HTTP or TLS. */
  read({ service, port, address, operation }: Place): SecuritySpec | undefined {
    const demands = demandsOf(this.policies.of(service, port, operation));
    if (!demands) return undefined;
    this.#demands.push(demands);
    const place = `${service}/${operation}`;
    for (const [what, instead] of demands.open) this.findings.add(place, what, instead);
    if (demands.tls && address !== undefined && !/^https:/i.test(address))
      this.findings.add(place, `calls over TLS, and an address without it (${address})`, 'give an https address as `url`');
    const asked = { ...(demands.basic && { basic: [] }), ...(demands.certificate && { certificate: [] }) };
    return Object.keys(asked).length === 0 ? undefined : this.reader.read([asked], place);
  }

  /** The options of the client that meet the demands of all operations that were read. */
  connection(): { readonly fixed: Readonly<Record<string, unknown>>; readonly credentials: readonly Credential[] } {
    const all = this.#demands;
    const schemes = {
      ...(all.some(({ basic }) => basic) && { basic: SCHEMES.basic }),
      ...(all.some(({ certificate }) => certificate) && { certificate: SCHEMES.certificate }),
    };
    const credentials = credentialsOf(schemes, this.findings);
    const token = all.find(({ usernameToken }) => usernameToken !== undefined);
    if (token && credentials.length > 0) this.findings.add('policies', 'a UsernameToken beside credentials of HTTP', "give it by the option 'security'"); // prettier-ignore
    else if (token) credentials.push(usernameToken(token));
    const asked = (name: 'addressing' | 'mtom') => all.some((demands) => demands[name]) && { [name]: true };
    return { fixed: { ...asked('addressing'), ...asked('mtom') }, credentials };
  }

}

function usernameToken({ usernameToken: form, timestamp }: Demands): Credential {
  return {
    name: 'username',
    place: 'wsse',
    key: form === 'digest' ? 'PasswordDigest' : 'PasswordText',
    description: 'Sent as a UsernameToken of WS-Security, with the password.',
    timestamp,
  };
}
