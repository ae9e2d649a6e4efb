import type { ErrorCode } from '../../core/errors.ts';
import type { SecurityScheme, SecuritySpec } from '../../core/security/security.ts';
import type { ProtoLock } from '../../grpc/schema.ts';
import type { Raw } from './raw.ts';
import type { NamedType, ObjectType, Type } from './type.ts';

/** A contract as it was found in a description, before it is written. */
export interface Draft {
  /** The contract's name. */
  readonly name: string;
  readonly version: string;
  readonly title: string | undefined;
  readonly description?: string | undefined;
  readonly namespace?: string | undefined;
  /** The requirements of members, and of those that do not say their own. */
  readonly securitySchemes?: Readonly<Record<string, SecurityScheme>> | undefined;
  readonly security?: SecuritySpec | undefined;
  readonly types: ReadonlyMap<string, NamedType>;
  readonly operations: readonly DraftOperation[];
  readonly events: readonly DraftEvent[];
  readonly connection: Connection;
  /** The numbers of fields in a .proto file, in the form of a lock. */
  readonly numbers?: ProtoLock | undefined;
}

export interface DraftMember {
  readonly name: string;
  readonly service?: string | undefined;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly deprecated?: boolean | undefined;
  readonly security?: SecuritySpec | undefined;
  /** How the adapter maps it; `undefined` if nothing has to be said. */
  readonly mapping?: unknown;
}

export interface DraftOperation extends DraftMember {
  readonly kind: 'query' | 'mutation';
  /** An object type, or a reference to one. */
  readonly input?: Type | undefined;
  readonly output?: Type | undefined;
  readonly item?: Type | undefined;
  readonly http?: readonly string[] | undefined;
  readonly errors: readonly DraftError[];
  readonly idempotent?: boolean | undefined;
  readonly pagedBy?: string | undefined;
}

export interface DraftError {
  readonly name: string;
  readonly code: ErrorCode;
  readonly details?: Type | undefined;
  readonly description?: string | undefined;
}

export interface DraftEvent extends DraftMember {
  readonly channel: string;
  readonly type?: string | undefined;
  readonly payload: Type | ObjectType;
  readonly writtenBy?: string | undefined;
}

/** How a client reaches the service: an adapter and what it is given. */
export interface Connection {
  /** The function, `rest`, and the entry that it is imported from: `multi-api-sdk/rest`. */
  readonly adapter: {
    readonly name: string;
    readonly from: string;
    readonly options: string;
    /** An option that the module gives, and no caller has to. */
    readonly given?: string | undefined;
  };
  /** The address in the description; a caller must give one if there is none. */
  readonly url?: string | Raw | undefined;
  /** How the service is told in words. @default its address */
  readonly place?: string | undefined;
  /** The option that has the address. @default 'url' */
  readonly urlOption?: string | undefined;
  /** An option with a text that every caller gives, because the description does not say it. */
  readonly needs?: { readonly name: string; readonly description: string } | undefined;
  /** Options that are the same for every caller, as values. */
  readonly fixed: Readonly<Record<string, unknown>>;
  /** The credentials that a caller may give. */
  readonly credentials: readonly Credential[];
}

export interface Credential {
  /** The option's name: `apiKey`. */
  readonly name: string;
  readonly description: string;
  readonly place: 'header' | 'query' | 'cookie' | 'bearer' | 'basic' | 'wsse';
  /** The header's, parameter's or cookie's name; of WS-Security the form of the password. */
  readonly key: string;
  /** Whether a Timestamp of WS-Security goes with it. @default false */
  readonly timestamp?: boolean | undefined;
}
