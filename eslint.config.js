import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Files that never reach a browser; every other file of src may be loaded by one. */
const NODE_ONLY = [
  'src/cli/**',
  'src/serve/**',
  'src/import/**',
  'src/http/index.ts',
  'src/http/node/**',
  'src/http/client/light-*.ts',
  'src/http/events/shared-frame.ts',
  'src/socket/**',
  'src/xml/**',
  'src/testing/**',
  'src/mcp/stdio/**',
  'src/{redis,postgres}/**',
  'src/{webhook,grpc,mqtt,websocket,soap,graphql}/**',
];
/** Files that print because that is what they are for: the command line. A default reporter disables the rule on its line, with a reason. */
const MAY_PRINT = ['src/cli/**'];

// Each ban is a bug that libraries of this field have shipped: what goes wrong, and what to write instead.
const BANS = [
  {
    selector: "BinaryExpression[operator='instanceof'][right.name='ApiError']",
    message: 'Two copies of the package have two ApiError classes, and instanceof says no across them. Use isApiError(value).',
  },
  {
    selector:
      "CallExpression[callee.name=/^(set|clear)(Timeout|Interval)$/], CallExpression[callee.object.name='globalThis'][callee.property.name=/^set(Timeout|Interval)$/]",
    message:
      'A timer of the platform fires at once if it is longer than 24 days, and one that nobody stops outlives close(). Use after, every, within or inTime of life/timers, or delay and Lifetime of life/lifetime.',
  },
  {
    selector: "CallExpression[callee.object.name='AbortSignal'][callee.property.name=/^(any|timeout)$/]",
    message:
      'AbortSignal.any and .timeout keep their sources and timers alive after the call (nodejs/node#54614). Use Lifetime of life/lifetime.',
  },
  {
    selector: "CallExpression[callee.property.name='addEventListener'][arguments.0.value='abort']",
    message:
      "A listener left on a caller's long-lived signal is a leak, and an aborted signal never fires. Use onAbort(signal, listener) of life/lifetime and call what it returns.",
  },
  {
    selector: "CallExpression[callee.object.name='JSON'][callee.property.name='parse']",
    message: 'JSON.parse on what a peer sent throws a SyntaxError and has no limit of depth. Use parseJson(text) of peer/json.',
  },
  {
    selector:
      ":matches(CallExpression[callee.name=/^parse(Int|Float)$/], CallExpression[callee.object.name='Number'][callee.property.name=/^parse(Int|Float)$/])",
    message:
      "parseInt reads '12abc' as 12, which let malformed ids and webhook timestamps through. Match the whole text with a pattern, then Number(text).",
  },
  {
    selector:
      ":matches(CallExpression[callee.property.name=/^on(Error|State|Gap|Deprecated|Unhandled|DeadLetter|RefreshToken)$/][callee.object.name=/^(options|read)$/], AssignmentPattern[left.name='onError'], LogicalExpression[operator='??'][right.name='reportToConsole'])",
    message:
      "A program's listener may throw or be async, and from a socket or a timer either ends the process. Use attempt(() => listener(…), fail) or reporter(onError) of life/report.",
  },
  {
    selector: 'TSEnumDeclaration',
    message:
      'An enum is code that cannot be erased and a type that no string fits. Use a const list and a union of its members, as ERROR_CODES does.',
  },
];

const ZOD = {
  name: 'zod',
  message:
    "This puts the whole of zod into a browser's bundle: 93 kB gzipped instead of 4. Import from 'zod/mini' (schemas) or 'zod/v4/core' (everything else).",
  allowTypeImports: true,
};

export default defineConfig(
  globalIgnores(['dist/', '.bench/', '.runtimes/', 'docs/api/', 'coverage/', 'test/*/generated/', 'test/package/', 'test/runtimes/']),
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'off',
      'no-var': 'error',
      'prefer-const': 'error',
      // tsc says it better, and knows the leading underscore.
      '@typescript-eslint/no-unused-vars': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      // Contracts, transports and cases are objects of functions that never use `this`.
      '@typescript-eslint/unbound-method': 'off',
      // An interface says `async` for its callers, not because each implementation waits.
      '@typescript-eslint/require-await': 'off',
      // `{}` is no members: the default of a contract without operations.
      '@typescript-eslint/no-empty-object-type': ['error', { allowObjectTypes: 'always' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400 }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...BANS],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, 'ts-ignore': true }],
      // What a signal was aborted with is `any`, and what a caller threw `unknown`.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [ZOD],
          patterns: [
            {
              group: ['node:*'],
              message:
                'A browser or worker may load this file. Use what the web platform has, or move the code to a file of NODE_ONLY in eslint.config.js.',
            },
            { group: ['multi-api-sdk', 'multi-api-sdk/*'], message: 'Inside src the package is not installed. Use a relative import.' },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        { name: 'Buffer', message: 'Browsers have none. Use Uint8Array, TextEncoder and TextDecoder.' },
        { name: 'process', message: 'Browsers have none, and a library must not read the environment or end the process. Take an option.' },
        { name: 'setImmediate', message: 'Browsers have none. Use queueMicrotask.' },
        { name: '__dirname', message: 'ES modules have none. Use import.meta.url.' },
      ],
    },
  },
  {
    files: NODE_ONLY,
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: [ZOD] }], 'no-restricted-globals': 'off' },
  },
  { files: MAY_PRINT, rules: { 'no-console': 'off' } },
  // Where the helper itself lives, its raw material is allowed.
  {
    files: ['src/life/{lifetime,timers}.ts'],
    rules: { 'no-restricted-syntax': ['error', ...BANS.filter(({ message }) => !message.includes('life/lifetime'))] },
  },
  {
    // The conformance suite parses what it wrote itself; the playground's program runs in a page, where it can import nothing.
    files: ['src/peer/json.ts', 'src/conformance/**', 'src/serve/playground/app.ts'],
    rules: { 'no-restricted-syntax': ['error', ...BANS.filter(({ message }) => !message.includes('peer/json'))] },
  },
  {
    // Tests say wrong things on purpose.
    files: ['test/**', 'bench/**', 'examples/**'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly', fetch: 'readonly' } },
  },
);
