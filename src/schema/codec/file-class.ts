import type { FileBody } from './file-body.ts';

let known: typeof FileBody | undefined;

/** Tells of the class of files. `file()` does so: pages whose contract has no files are spared its code. */
export function bringFiles(made: typeof FileBody): void {
  known = made;
}

/** Tells a file from any other value. */
export function isFileBody(value: unknown): value is FileBody {
  return known !== undefined && value instanceof known;
}

/** Makes a file. Throws a `TypeError` if nothing in the program has called `file()`, so that there is no contract with files either. */
export function fileBody(...given: ConstructorParameters<typeof FileBody>): FileBody {
  if (!known) throw new TypeError('a file needs a contract with file()');
  return new known(...given);
}
