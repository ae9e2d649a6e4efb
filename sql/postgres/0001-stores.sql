-- The hub: a row per event of the contract counts its events. Whoever publishes holds that row until the commit, so numbers are given in commit order.
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
