-- Functions, because Postgres keeps their plans: without a statement that is prepared by name, planning takes twice as long as what is planned.
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
