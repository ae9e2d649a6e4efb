/** Says that a dispatcher is there, and forgets those that are not. $1: the dispatcher, $2: its lease in milliseconds. */
export const BEAT = `
with gone as (
  delete from multi_api_sdk.workers where until < clock_timestamp() and id <> $1
)
insert into multi_api_sdk.workers (id, until) values ($1, clock_timestamp() + $2 * interval '1 millisecond')
on conflict (id) do update set until = excluded.until`;

/** Takes subscriptions that no dispatcher holds, up to an equal share. $1: the dispatcher. Gives the share. */
export const TAKE = `
with live as materialized (select id from multi_api_sdk.workers where until >= clock_timestamp() or id = $1),
share as materialized (
  select ceil((select count(*) from multi_api_sdk.subscriptions)::numeric / (select count(*) from live))::int as n
),
free as materialized (
  select id from multi_api_sdk.subscriptions where worker is null or worker not in (select id from live)
  order by number
  limit (select greatest(0, n - (select count(*) from multi_api_sdk.subscriptions where worker = $1)) from share)
  for update skip locked
),
taken as (
  update multi_api_sdk.subscriptions set worker = $1 where id in (select id from free)
)
select n from share`;

/** $1: the dispatcher. */
export const HELD = 'select id, version::int as version from multi_api_sdk.subscriptions where worker = $1 order by number';

/** $1: ids. */
export const CHANGED = `
select body, last_event_ids, version::int as version from multi_api_sdk.subscriptions where id = any($1::text[]) order by number`;

/** $1: subscriptions of which all are given, $2: those of which only deliveries are given that no dispatcher has added or saved. */
export const PENDING_OF = `
select body, data from multi_api_sdk.deliveries
where state = 'pending' and (subscription_id = any($1::text[]) or (subscription_id = any($2::text[]) and worker is null)) order by number`;

/** $1: the dispatcher, $2: ids. */
export const RELEASE = 'update multi_api_sdk.subscriptions set worker = null where worker = $1 and id = any($2::text[])';

/** $1: the dispatcher. */
export const RELEASE_ALL = `
with gone as (delete from multi_api_sdk.workers where id = $1)
update multi_api_sdk.subscriptions set worker = null where worker = $1`;
