import type { Draft } from '../../import/draft/draft.ts';
import type { PackedProtocol } from './protocols.ts';

export interface PackageOptions {
  readonly draft: Draft;
  /** The package's name: `@acme/sdk`. */
  readonly name: string;
  /** `Acme` of `createAcmeClient`. */
  readonly brand: string;
  /** The first is what the package itself exports. */
  readonly protocols: readonly PackedProtocol[];
  /** The addresses of the service, by protocol. */
  readonly urls: Partial<Readonly<Record<PackedProtocol, string>>>;
  /** The version of this library that the package depends on. */
  readonly sdk: string;
}
