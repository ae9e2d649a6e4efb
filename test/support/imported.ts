import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll } from 'vitest';
import type { Contract } from '../../src/core/contract.ts';
import { importContract, type Imported, type ImportOptions } from '../../src/import/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a module that was imported from a description exports. */
export interface ImportedModule {
  readonly contract: Contract;
  connect(options?: object): Record<string, (input?: unknown, options?: object) => Promise<unknown>> & { close(): Promise<void> };
}

/** Writes modules into a folder of the repository, where the package's name and zod are found, and runs and checks them. */
export function importing() {
  let folder = '';
  let count = 0;
  beforeAll(async () => void (folder = await mkdtemp(join(ROOT, 'test/.imported-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return {
    get folder() {
      return folder;
    },
    /** Imports a description. */
    async from(text: string | object, options: ImportOptions = {}): Promise<Imported> {
      return importContract(
        { text: typeof text === 'string' ? text : JSON.stringify(text), location: join(folder, 'description') },
        options,
      );
    },
    /** Loads a module that was made. */
    async load({ code }: Imported): Promise<ImportedModule> {
      const file = join(folder, `module-${count++}.ts`);
      await writeFile(file, code);
      return (await import(file)) as ImportedModule;
    },
    /** What the compiler says about all modules that were loaded. */
    diagnostics(): string[] {
      const { options } = ts.parseJsonConfigFileContent(
        ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config,
        ts.sys,
        ROOT,
      );
      const files = Array.from({ length: count }, (_, index) => join(folder, `module-${index}.ts`));
      const program = ts.createProgram(files, { ...options, exactOptionalPropertyTypes: false });
      return files.flatMap((file) => {
        const source = program.getSourceFile(file);
        return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
          ({ start = 0, messageText }) =>
            `${ts.flattenDiagnosticMessageText(messageText, ' ')} at: ${source?.text.slice(start, start + 80)}`,
        );
      });
    },
  };
}
