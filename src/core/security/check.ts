import type { Contract } from '../contract.ts';
import { nearest } from '../nearest.ts';
import type { SecurityScheme } from './security.ts';

const TYPES = ['http', 'apiKey', 'oauth2', 'openIdConnect', 'mutualTLS'];

/** Throws a `TypeError` that names the first mistake in who may call: a scheme that is not declared, or one that cannot be. */
export function checkSecurity({ securitySchemes = {}, operations, events }: Contract): void {
  for (const [name, scheme] of Object.entries(securitySchemes)) checkScheme(name, scheme);
  for (const { name, security = [] } of [...Object.values(operations), ...Object.values(events)]) {
    for (const requirement of security) {
      if (Object.keys(requirement).length === 0)
        throw new TypeError(`${name}: security: an empty requirement lets anybody call: write security: false`);
      for (const [asked, scopes] of Object.entries(requirement)) {
        if (!Object.hasOwn(securitySchemes, asked)) {
          const near = nearest(asked, Object.keys(securitySchemes));
          throw new TypeError(
            `${name}: security: the contract has no securitySchemes.${asked}${near === undefined ? '' : `, do you mean '${near}'?`}`,
          );
        }
        if (!Array.isArray(scopes))
          throw new TypeError(`${name}: security: write the scopes of '${asked}' as a list: { ${asked}: ['read'] }`);
      }
    }
  }
}

function checkScheme(name: string, scheme: SecurityScheme): void {
  const where = `securitySchemes.${name}`;
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw new TypeError(`${where}: a name has letters, digits, '.', '_' and '-'`);
  if (!TYPES.includes(scheme?.type)) throw new TypeError(`${where}: type must be one of ${TYPES.join(', ')}`);
  if (scheme.type === 'http' && !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(scheme.scheme))
    throw new TypeError(`${where}: scheme must be 'bearer', 'basic', or the name of another scheme of HTTP`);
  if (scheme.type === 'apiKey' && (!['header', 'cookie', 'query'].includes(scheme.in) || typeof scheme.name !== 'string'))
    throw new TypeError(`${where}: an API key has { in: 'header', name: 'x-api-key' }`);
}
