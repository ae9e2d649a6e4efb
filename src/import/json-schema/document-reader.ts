import type { JsonObject } from '../../core/errors.ts';
import type { Findings } from '../draft/findings.ts';
import type { Location } from '../load/location.ts';
import type { SchemaTypes } from './schema-types.ts';

/** The parts that the readers of a document with JSON Schemas have in common. */
export class DocumentReader {
  protected readonly root: JsonObject;
  protected readonly location: Location;
  protected readonly types: SchemaTypes;
  protected readonly findings: Findings;

  constructor(root: JsonObject, location: Location, types: SchemaTypes, findings: Findings) {
    this.root = root;
    this.location = location;
    this.types = types;
    this.findings = findings;
  }
}
