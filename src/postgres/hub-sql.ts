/** $1: the event, $2: an epoch for a new counter. */
export const ADD_COUNTER = 'insert into multi_api_sdk.counters (event, epoch) values ($1, $2) on conflict do nothing';

/** $1: the event; $2 to $6: channels, keys, times, data and publishers. A key that is held is left out, and leaves a hole in the numbers. */
export const PUBLISH = 'select multi_api_sdk.publish($1, $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])';

/** $1: event, $2: channel, $3: key, $4: time, $5: data, $6: publisher or null. */
export const ADD_TO_OUTBOX =
  'insert into multi_api_sdk.outbox (event, channel, key, time, data, traceparent) values ($1, $2, $3, $4, $5, $6)';

/** Gives numbers to events of committed transactions. $1: how many. One relay at a time, so that they keep their order. */
export const RELAY = 'select multi_api_sdk.relay($1) as count';

/** $1: names of events, $2: the numbers after which they are read, $3: how many. Gives what was trimmed of each, and the new ones in order. */
export const READ = `
select events.event, events.n::text as n, time, data, traceparent from unnest($1::text[], $2::bigint[]) as after (event, n)
cross join lateral (
  select * from multi_api_sdk.events where events.event = after.event and events.n > after.n order by events.n limit $3
) as events
order by events.event, events.n`;

/** $1: the event. */
export const STAND = 'select epoch, n::text as n, trimmed::text as trimmed from multi_api_sdk.counters where event = $1';

/** $1: event, $2: the number after which, $3: the number up to which, $4: a channel or null, $5: how many. */
export const CATCH_UP = `
select n::text as n, time, data, traceparent from multi_api_sdk.events
where event = $1 and n > $2::bigint and n <= $3::bigint and ($4::text is null or channel = $4) order by events.n limit $5`;

/** $1: how long events are held, in milliseconds, $2: how many are deleted at a time. */
export const TRIM = `
with old as materialized (
  -- Those with the lowest numbers are about the oldest: an index of times would cost each publisher more than it saves here.
  select first.event, first.n from multi_api_sdk.counters cross join lateral (
    select event, n, written_at from multi_api_sdk.events where events.event = counters.event order by n limit $2
  ) as first
  where first.written_at < clock_timestamp() - $1 * interval '1 millisecond'
),
gone as (
  delete from multi_api_sdk.events using old where events.event = old.event and events.n = old.n returning events.event, events.n
),
marked as (
  update multi_api_sdk.counters set trimmed = greatest(trimmed, sums.n)
  from (select event, max(n) as n from gone group by event) as sums where counters.event = sums.event
  returning 1
)
select count(*)::int as count from gone`;

/** $1: name, $2: holder, $3: milliseconds. */
export const TAKE_LEASE = `
insert into multi_api_sdk.leases as held (name, holder, until) values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
on conflict (name) do update set holder = excluded.holder, until = excluded.until where held.until <= clock_timestamp()
returning cursor`;

/** $1: name, $2: holder, $3: milliseconds, $4: a cursor or null. */
export const RENEW_LEASE = `
update multi_api_sdk.leases set until = clock_timestamp() + $3 * interval '1 millisecond', cursor = coalesce($4, cursor)
where name = $1 and holder = $2 and until > clock_timestamp() returning 1 as held`;
