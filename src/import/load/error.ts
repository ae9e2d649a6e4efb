/** A description that cannot be imported: its message says where, why, and what to do. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
