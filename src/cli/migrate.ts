import { postgresMigrations } from '../postgres/index.ts';
import { UsageError } from './args.ts';
import { defineCommand } from './command.ts';
import { hostOf, migrate, openPool } from './stores.ts';

export const migrateCommand = defineCommand({
  name: 'migrate',
  summary: 'makes the tables that several processes share on Postgres, or brings them up to date',
  positionals: [],
  flags: {
    postgres: { type: 'string', value: '<url>', summary: 'the database: postgres://user@host:5432/database' },
    print: { type: 'boolean', summary: 'prints the SQL of all steps instead of running it' },
  },
  notes: [
    'Each step runs once, also if several processes start at the same time. The tables are in the schema multi_api_sdk.',
    'The same steps are files in sql/postgres of the package, for a migration tool of your own.',
  ],
  examples: [
    ['multi-api-sdk migrate --postgres postgres://app@localhost/app', 'makes the tables'],
    ['multi-api-sdk migrate --print', 'shows what it would run'],
  ],
  async run({ flags: { postgres: url, print } }) {
    if (print) {
      for (const { id, sql } of postgresMigrations) process.stdout.write(`-- ${id}\n${sql}\n`);
      return 0;
    }
    if (url === undefined) throw new UsageError('name the database: --postgres postgres://user@host:5432/database');
    const pool = await openPool(url);
    try {
      const ran = await migrate(pool, url);
      process.stdout.write(ran.length === 0 ? `${hostOf(url)} is up to date\n` : ran.map((id) => `ran ${id}\n`).join(''));
      return 0;
    } finally {
      await pool.end();
    }
  },
});
