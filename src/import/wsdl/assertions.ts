import type { XmlElement } from '../../xml/tree.ts';
import type { Alternative } from './policies.ts';

/** The demands of a policy on a caller. */
export interface Demands {
  /** A UsernameToken, with the password as text or as a digest. */
  usernameToken?: 'text' | 'digest';
  timestamp: boolean;
  addressing: boolean;
  mtom: boolean;
  tls: boolean;
  basic: boolean;
  certificate: boolean;
  /** Demands that only the caller can meet, and the way to meet them. */
  readonly open: (readonly [what: string, instead: string])[];
}

/** Parts of bindings and of answers: they ask nothing of their own. */
const SILENT = /^(?:Wss1\d|Trust1\d|EncryptedSupportingTokens|AlgorithmSuite|Layout|IncludeTimestamp|Basic\d+.*)$/;
const OF_TOKENS = /^(?:Signed|Endorsing|SignedEndorsing|Encrypted|SignedEncrypted|EndorsingEncrypted|SignedEndorsingEncrypted)?SupportingTokens$/;
const SIGNED = /^(?:Signed|Encrypted|Required)(?:Parts|Elements)$|^ContentEncryptedElements$/;
const OF_SOAP = (name: string) => `give connect({ security: new ${name}(…) }), a class of the package 'soap'`;

/** The demands of the alternative that leaves the fewest open. */
export function demandsOf(alternatives: readonly Alternative[]): Demands | undefined {
  const all = alternatives.filter((each) => each.length > 0).map(read);
  return all.toSorted((left, right) => left.open.length - right.open.length)[0];
}

/** Source: https://docs.oasis-open.org/ws-sx/ws-securitypolicy/v1.3/ws-securitypolicy.html */
function read(assertions: Alternative): Demands {
  const demands: Demands = { timestamp: false, addressing: false, mtom: false, tls: false, basic: false, certificate: false, open: [] };
  const overTls = assertions.find(({ local }) => local === 'TransportBinding');
  if (overTls) {
    demands.tls = true;
    demands.timestamp = has(overTls, 'IncludeTimestamp');
    demands.basic = has(overTls, 'HttpBasicAuthentication');
    const https = find(overTls, 'HttpsToken');
    const asked = https?.attributes.get('RequireClientCertificate')?.trim();
    demands.certificate = has(overTls, 'RequireClientCertificate') || asked === 'true' || asked === '1';
    if (has(overTls, 'HttpDigestAuthentication')) demands.open.push(['digest authentication of HTTP', "give it by the option 'fetch'"]);
  }
  for (const each of assertions) {
    const { local } = each;
    if (local === 'TransportBinding' || SILENT.test(local)) continue;
    if (local === 'AsymmetricBinding' || local === 'SymmetricBinding')
      demands.open.push(['messages that are signed or encrypted', OF_SOAP('WSSecurityCert')]);
    // TLS signs and encrypts all parts.
    else if (SIGNED.test(local)) {
      if (!overTls)
        demands.open.push(['messages that are signed or encrypted', OF_SOAP('WSSecurityCert')]);
    } else if (OF_TOKENS.test(local)) readTokens(each, demands);
    else if (local === 'Addressing' || local === 'UsingAddressing') demands.addressing = true;
    else if (local === 'OptimizedMimeSerialization') demands.mtom = true;
    else if (local === 'RMAssertion') demands.open.push(['reliable messaging (WS-ReliableMessaging)', 'calls are sent without it']);
    else demands.open.push([`the policy ${local}`, 'not heeded']);
  }
  return demands;
}

function readTokens(supporting: XmlElement, demands: Demands): void {
  for (const token of tokensIn(supporting)) {
    if (token.local !== 'UsernameToken') demands.open.push([`a token of the kind ${token.local}`, OF_SOAP('WSSecurityCert')]);
    else if (has(token, 'NoPassword')) demands.open.push(['a UsernameToken without a password', OF_SOAP('WSSecurity')]);
    else demands.usernameToken = has(token, 'HashPassword') ? 'digest' : 'text';
  }
}

/** Tokens within policies: `sp:SupportingTokens/wsp:Policy/sp:UsernameToken`. */
function tokensIn({ children }: XmlElement): XmlElement[] {
  return children.flatMap((child) => (/Token$/.test(child.local) ? [child] : /^(?:Policy|All|ExactlyOne)$/.test(child.local) ? tokensIn(child) : []));
}

function find({ children }: XmlElement, local: string): XmlElement | undefined {
  for (const child of children) {
    const found = child.local === local ? child : find(child, local);
    if (found) return found;
  }
  return undefined;
}

function has(element: XmlElement, local: string): boolean {
  return find(element, local) !== undefined;
}
