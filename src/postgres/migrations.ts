import { rowsOf, type Queryable } from './database.ts';

/** One step of the tables: run once, in order, and never changed after a release. */
export interface PostgresMigration {
  /** `0001-stores`. */
  readonly id: string;
  readonly sql: string;
}

/** The steps that make the tables of `postgresStores`, in the schema `multi_api_sdk`: also as files in `sql/postgres` of the package. */
export const postgresMigrations: readonly PostgresMigration[] = [
  {
    id: '0001-stores',
    sql: `-- The hub: a row per event of the contract counts its events. Whoever publishes holds that row until the commit, so numbers are given in commit order.
create table multi_api_sdk.counters (
  event text primary key,
  epoch text not null,
  n bigint not null default 0,
  -- The last number of which the event was deleted.
  trimmed bigint not null default 0
);
create table multi_api_sdk.events (
  event text not null,
  n bigint not null,
  channel text not null,
  key text not null,
  time text not null,
  data text not null,
  -- The span that published it.
  traceparent text,
  written_at timestamptz not null default clock_timestamp(),
  primary key (event, n)
);
create unique index events_key on multi_api_sdk.events (key);
create index events_channel on multi_api_sdk.events (event, channel, n);

-- Events of transactions: they have no number until a relay gives them one after the commit.
create table multi_api_sdk.outbox (
  id bigint generated always as identity primary key,
  event text not null,
  channel text not null,
  key text not null,
  time text not null,
  data text not null,
  traceparent text
);

create table multi_api_sdk.leases (
  name text primary key,
  holder text not null,
  until timestamptz not null,
  cursor text
);

-- Idempotency keys, ids of webhooks and nonces. Without an outcome a key belongs to its owner until then.
create table multi_api_sdk.keys (
  kind text not null,
  key text not null,
  caller text not null,
  fingerprint text not null,
  owner text,
  outcome text,
  weight integer not null,
  until timestamptz not null,
  primary key (kind, key)
);
create index keys_caller on multi_api_sdk.keys (kind, caller, until) include (weight);
create index keys_until on multi_api_sdk.keys (until);

-- Webhooks. Each subscription is held by one of the dispatchers that share the tables, until it has given no sign of life for its lease.
create table multi_api_sdk.workers (
  id text primary key,
  until timestamptz not null
);
create table multi_api_sdk.subscriptions (
  id text primary key,
  number bigint generated always as identity,
  body jsonb not null,
  last_event_ids jsonb not null default '{}',
  version bigint not null default 1,
  worker text
);
create index subscriptions_owner on multi_api_sdk.subscriptions ((body ->> 'owner'), number);
create index subscriptions_worker on multi_api_sdk.subscriptions (worker);
create table multi_api_sdk.deliveries (
  number bigint generated always as identity primary key,
  subscription_id text not null references multi_api_sdk.subscriptions on delete cascade,
  id text not null,
  event_id text not null,
  state text not null,
  next_attempt_at bigint,
  out_of_turn boolean not null,
  body jsonb not null,
  data text not null,
  worker text
);
create unique index deliveries_id on multi_api_sdk.deliveries (subscription_id, id);
create unique index deliveries_event on multi_api_sdk.deliveries (subscription_id, event_id) where not out_of_turn;
create index deliveries_pending on multi_api_sdk.deliveries (subscription_id, number) where state = 'pending';
create index deliveries_stray on multi_api_sdk.deliveries (subscription_id, number) where state = 'pending' and worker is null;
create index deliveries_done on multi_api_sdk.deliveries (subscription_id, state, number) where state <> 'pending';
`,
  },
  {
    id: '0002-functions',
    sql: `-- Functions, because Postgres keeps their plans: without a statement that is prepared by name, planning takes twice as long as what is planned.
create function multi_api_sdk.publish(of_event text, channels text[], keys text[], times text[], payloads text[], publishers text[]) returns void language plpgsql as $$
declare
  place bigint;
begin
  update multi_api_sdk.counters set n = n + cardinality(keys) where event = of_event returning n - cardinality(keys) into place;
  insert into multi_api_sdk.events (event, n, channel, key, time, data, traceparent)
  select of_event, place + at, given.channel, given.key, given.time, given.data, given.traceparent
  from unnest(channels, keys, times, payloads, publishers) with ordinality as given (channel, key, time, data, traceparent, at) order by at
  on conflict (key) do nothing;
end
$$;

create function multi_api_sdk.relay(most integer) returns integer language plpgsql as $$
declare
  moved integer;
begin
  if not pg_try_advisory_xact_lock(7302118915) then
    return 0;
  end if;
  with due as materialized (
    select id from multi_api_sdk.outbox order by id limit most
  ),
  taken as (
    delete from multi_api_sdk.outbox where id in (select id from due) returning *
  ),
  placed as (
    select taken.*, row_number() over (partition by event order by id) as at, count(*) over (partition by event) as of_event from taken
  ),
  counter as (
    update multi_api_sdk.counters set n = n + of_event
    from (select distinct event, of_event from placed) as sums where counters.event = sums.event
    returning counters.event, n - of_event as n
  ),
  written as (
    insert into multi_api_sdk.events (event, n, channel, key, time, data, traceparent)
    select placed.event, counter.n + placed.at, channel, key, time, data, traceparent
    from placed join counter on counter.event = placed.event order by placed.id
    on conflict (key) do nothing
    returning 1
  )
  select count(*) into moved from taken;
  return moved;
end
$$;
`,
  },
];

const PREPARE = `create schema if not exists multi_api_sdk;
create table if not exists multi_api_sdk.migrations (id text primary key, run_at timestamptz not null default now());`;

/** A number that nobody else is likely to lock. */
const LOCK = 7_302_118_914;

/**
 * Makes the tables of `postgresStores`, or brings them up to date. Runs what was not run yet, each step once, also if several processes start at the same time.
 * @returns the ids of the steps that it ran
 */
export async function migratePostgres(database: Queryable): Promise<readonly string[]> {
  const ran: string[] = [];
  for (const { id, sql } of postgresMigrations) {
    // One text is one transaction, on whatever connection of a pool.
    await database.query(`select pg_advisory_xact_lock(${LOCK}); ${PREPARE}`);
    const known = await rowsOf(database, 'select 1 from multi_api_sdk.migrations where id = $1', [id]);
    if (known.length > 0) continue;
    try {
      await database.query(`select pg_advisory_xact_lock(${LOCK}); insert into multi_api_sdk.migrations (id) values ('${id}'); ${sql}`);
      ran.push(id);
    } catch (error) {
      // Another process was faster: its row stands in the way of ours, and nothing of the step was run twice.
      if ((error as { readonly code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    }
  }
  return ran;
}

const UNIQUE_VIOLATION = '23505';
