import type { JsonObject } from '../../core/errors.ts';
import type { Credential } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { memberName, ModuleNames } from '../draft/names.ts';
import { membersOf, textOf, words } from '../json-schema/facts.ts';

/** The credentials of callers, by the security schemes of a document. */
export function credentialsOf(schemes: JsonObject, findings: Findings): Credential[] {
  const names = new ModuleNames([
    'url',
    'headers',
    'query',
    'options',
    'contract',
    'fetch',
    'operations',
    'events',
    'defaults',
    'onWire',
    'redirects',
    'sent',
    'tls',
  ]);
  const found: Credential[] = [];
  for (const [name, given] of Object.entries(schemes)) {
    const scheme = membersOf(given);
    const { type, in: where, name: key } = scheme;
    const how = typeof scheme['scheme'] === 'string' ? scheme['scheme'].toLowerCase() : undefined;
    const at = `security scheme ${name}`;
    const said = words(scheme['description']);
    const describe = (sentence: string): string => (said === undefined ? sentence : `${sentence} ${said}`);
    if (type === 'apiKey' && typeof key === 'string' && (where === 'header' || where === 'query' || where === 'cookie')) {
      const option = names.take(memberName(name, 'apiKey'));
      const sentence = `Sent in the ${where === 'query' ? 'parameter' : where} \`${key}\`.`;
      found.push({ name: option, place: where, key, description: describe(sentence) });
    } else if (type === 'http' && how === 'bearer') addToken(describe('Sent as `Authorization: Bearer …`.'));
    else if ((type === 'http' && how === 'basic') || type === 'basic') {
      if (!found.some(({ place }) => place === 'basic')) found.push({ name: 'username', place: 'basic', key: 'authorization', description: describe('Sent as `Authorization: Basic …`, with the password.') }); // prettier-ignore
    } else if (type === 'oauth2' || type === 'openIdConnect')
      addToken(describe('An access token of OAuth 2, sent as `Authorization: Bearer …`.'));
    else if (type === 'mutualTLS') findings.add(at, 'a certificate of the client (mutual TLS)', "give it in the option 'tls'");
    else findings.add(at, `the kind '${textOf(how ?? type)}' of credentials`, "give them in the option 'headers'");
  }
  return found;

  function addToken(description: string): void {
    if (!found.some(({ place }) => place === 'bearer'))
      found.push({ name: names.take('token'), place: 'bearer', key: 'authorization', description });
  }
}
