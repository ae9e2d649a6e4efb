import type { Command } from './command.ts';

/** The commands by name; each is loaded when it is asked for. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand,
  call: async () => (await import('./call.ts')).callCommand,
  watch: async () => (await import('./watch.ts')).watchCommand,
  init: async () => (await import('./init/init.ts')).initCommand,
  import: async () => (await import('./descriptions/import.ts')).importCommand,
  pack: async () => (await import('./pack/pack.ts')).packCommand,
  print: async () => (await import('./descriptions/print.ts')).printCommand,
  check: async () => (await import('./check/check.ts')).checkCommand,
  demo: async () => (await import('./measure/demo.ts')).demoCommand,
  compare: async () => (await import('./measure/compare.ts')).compareCommand,
  mcp: async () => (await import('./mcp.ts')).mcpCommand,
  webhook: async () => (await import('./webhook.ts')).webhookCommand,
  migrate: async () => (await import('./migrate.ts')).migrateCommand,
};

/** Commands that other commands start; the help does not name them. */
export const INNER: typeof COMMANDS = {
  'measure-far-end': async () => (await import('./measure/far-command.ts')).farCommand,
};
