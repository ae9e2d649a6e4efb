/** $1: id, $2: the subscription without its last events, $3: its last events, of which those that are not held yet are taken, $4: the dispatcher that holds a new one, or null. */
export const SAVE_SUBSCRIPTION = `
insert into multi_api_sdk.subscriptions as held (id, body, last_event_ids, worker) values ($1, $2, $3, $4)
on conflict (id) do update
set body = excluded.body, last_event_ids = excluded.last_event_ids || held.last_event_ids, version = held.version + 1`;

/** $1: id, $2: the subscription without its last events, $3: its last events, as above, $4: the version that it must have. */
export const REPLACE = `
update multi_api_sdk.subscriptions set body = $2, last_event_ids = $3::jsonb || last_event_ids, version = version + 1
where id = $1 and version = $4 returning 1 as replaced`;

export const DELETE_SUBSCRIPTION = 'delete from multi_api_sdk.subscriptions where id = $1';

export const SUBSCRIPTIONS = 'select body, last_event_ids from multi_api_sdk.subscriptions order by number';

/** $1: id. */
export const SUBSCRIPTION = 'select body, last_event_ids, version::int as version from multi_api_sdk.subscriptions where id = $1';

/** $1: owner. */
export const SUBSCRIPTIONS_OF = `select body, last_event_ids from multi_api_sdk.subscriptions where body ->> 'owner' = $1 order by number`;

/** $1: owner, or null for all. */
export const COUNT = `select count(*)::int as count from multi_api_sdk.subscriptions where $1::text is null or body ->> 'owner' = $1`;

export const PENDING = `select body, data from multi_api_sdk.deliveries where state = 'pending' order by number`;

/**
 * $1: rows as JSON, in order, $2: the dispatcher that adds them, or null: nothing is added to what another one holds. A delivery that is known replaces the former while
 * it is pending; another one of an event that its subscription has is left out. The last events move in the same step.
 */
export const ADD_DELIVERIES = `
with given as materialized (
  select row ->> 'subscriptionId' as subscription_id, row ->> 'id' as id, row -> 'message' ->> 'id' as event_id, row -> 'message' ->> 'type' as type,
    row ->> 'state' as state, (row ->> 'nextAttemptAt')::bigint as next_attempt_at, coalesce((row ->> 'outOfTurn')::boolean, false) as out_of_turn,
    row #- '{message,data}' as body, row #>> '{message,data}' as data, at
  from jsonb_array_elements($1::jsonb) with ordinality as rows (row, at)
),
-- Locked in one order, so that two dispatchers do not wait for each other.
held as materialized (
  select id, body from multi_api_sdk.subscriptions
  where id in (select subscription_id from given) and ($2::text is null or worker is null or worker = $2) order by id for update
),
added as (
  insert into multi_api_sdk.deliveries (subscription_id, id, event_id, state, next_attempt_at, out_of_turn, body, data, worker)
  select subscription_id, given.id, event_id, state, next_attempt_at, out_of_turn, given.body, data, $2
  from given join held on held.id = subscription_id
  where not exists (
    select 1 from multi_api_sdk.deliveries as old
    where old.subscription_id = given.subscription_id and (old.id = given.id or (old.event_id = given.event_id and not old.out_of_turn and not given.out_of_turn))
  )
  order by at
  on conflict do nothing
  returning 1
),
again as (
  update multi_api_sdk.deliveries as old
  set state = given.state, next_attempt_at = given.next_attempt_at, body = given.body, data = given.data
  from given join held on held.id = given.subscription_id
  where old.subscription_id = given.subscription_id and old.id = given.id and old.state = 'pending'
  returning 1
),
latest as (
  select distinct on (subscription_id, type) subscription_id, type, event_id from given join held on held.id = subscription_id
  where not out_of_turn and held.body -> 'events' ? type
  order by subscription_id, type, at desc
),
moved as (
  update multi_api_sdk.subscriptions set last_event_ids = last_event_ids || sums.ids
  from (select subscription_id, jsonb_object_agg(type, event_id) as ids from latest group by subscription_id) as sums
  where subscriptions.id = sums.subscription_id
  returning 1
)
select 1`;

/** $1: subscription, $2: id, $3: state, $4: next attempt, $5: the delivery without its data, $6: the dispatcher that saves it, or null: nothing of what another one holds is changed. */
export const SAVE_DELIVERY = `
update multi_api_sdk.deliveries set state = $3, next_attempt_at = $4, body = $5, worker = coalesce($6, worker, '')
where subscription_id = $1 and id = $2
  and ($6::text is null or exists (select 1 from multi_api_sdk.subscriptions where id = $1 and (worker is null or worker = $6)))
returning 1 as held`;

/** $1: subscription, $2: state, $3: how many are kept, $4: how many bytes of payloads; the newest stays. */
export const RETAIN = `
delete from multi_api_sdk.deliveries where number in (
  select number from (
    select number, row_number() over newest as at, sum(octet_length(data)) over newest as size
    from multi_api_sdk.deliveries where subscription_id = $1 and state = $2 window newest as (order by number desc)
  ) as kept where at > $3 or (at > 1 and size > $4)
)`;

/** $1: subscription, $2: how many. */
export const DELIVERIES = 'select body, data from multi_api_sdk.deliveries where subscription_id = $1 order by number desc limit $2';

/** $1: subscription, $2: id. */
export const DELIVERY = 'select body, data from multi_api_sdk.deliveries where subscription_id = $1 and id = $2';
