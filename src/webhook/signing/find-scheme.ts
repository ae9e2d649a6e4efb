import type { WebhookSchemeDefinition } from './definition.ts';
import { compileScheme } from './foreign-scheme.ts';
import { PROVIDERS, type ProviderName } from './providers.ts';
import { SCHEMES, type SchemeDefinition, type SigningScheme } from './schemes.ts';

/** How webhooks are signed: by the Standard Webhooks specification, or as one provider does it. */
export type WebhookScheme = SigningScheme | ProviderName;

/** The names of all schemes. */
export const SCHEME_NAMES = [...Object.keys(SCHEMES), ...Object.keys(PROVIDERS)] as readonly WebhookScheme[];

const compiled = new WeakMap<WebhookSchemeDefinition, SchemeDefinition>();

/**
 * The scheme of a name, or one that somebody has described.
 * @throws TypeError for an unknown name, and for a description that cannot be
 */
export function findScheme(given: WebhookScheme | WebhookSchemeDefinition, owner: string): SchemeDefinition {
  if (typeof given === 'string') {
    if (Object.hasOwn(SCHEMES, given)) return SCHEMES[given as SigningScheme];
    if (!Object.hasOwn(PROVIDERS, given))
      throw new TypeError(`${owner}: there is no scheme '${given}': use one of ${SCHEME_NAMES.join(', ')}, or describe one`);
  }
  const definition = typeof given === 'string' ? PROVIDERS[given as ProviderName] : given;
  let found = compiled.get(definition);
  if (!found) compiled.set(definition, (found = compileScheme(definition, `${owner}: scheme`)));
  return found;
}
