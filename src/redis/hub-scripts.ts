import type { Script } from './commands.ts';

/**
 * Takes events. KEYS[1]: the stream of all events, then for each event its key and its channel's stream. ARGV: history, length of the stream, how long
 * a channel's stream and a key are kept; then for each event its name, and its data and time in one text. Gives how many it has taken, now or before.
 *
 * Each entry of the stream names the one before it (`p`): so a reader sees what was trimmed, or lost by Redis. Few commands and arguments, because three
 * commands cost as much as the whole of a bare XADD on its way. A channel's time to live is written again after a sixteenth of it.
 */
export const PUBLISH: Script = {
  keys: 'first',
  text: `
local call, stream = redis.call, KEYS[1]
local history, length, historyMs, keyMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local newest = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local before = newest and newest[1] or '0-0'
for at = 2, #KEYS, 2 do
  if call('SET', KEYS[at], '', 'NX', 'PX', keyMs) then
    local name, body = ARGV[at + 3], ARGV[at + 4]
    before = call('XADD', stream, 'MAXLEN', '~', length, '*', 'e', name, 'd', body, 'p', before)
    if history ~= '0' then
      local channel = KEYS[at + 1]
      call('XADD', channel, 'MAXLEN', '~', history, before, 'd', body)
      if call('PTTL', channel) < historyMs then call('PEXPIRE', channel, math.ceil(historyMs * 17 / 16)) end
    end
  end
end
return (#KEYS - 1) / 2
`,
};

/**
 * Where a subscriber stands. KEYS[1]: the stream of all events, KEYS[2]: prefix. ARGV[1]: an epoch for a new stream, ARGV[2]: the place after which it goes on
 * (empty: now), ARGV[3]: event and channel, if it has fixed all parameters, ARGV[4]: how many entries it takes.
 * Gives the epoch, the newest place, and 'live' (nothing to catch up), 'gap', 'stream' or 'channel' with the entries after its place.
 */
export const RESUME: Script = {
  keys: 2,
  text: `
local stream, prefix = KEYS[1], KEYS[2]
local after, name, count = ARGV[2], ARGV[3], ARGV[4]
redis.call('SET', prefix .. 'epoch', ARGV[1], 'NX')
local epoch = redis.call('GET', prefix .. 'epoch')
local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local head = newest and newest[1] or '0-0'
if after == '' or after == head then return { epoch, head, 'live' } end
local function isPast(a, b)
  local am, an = string.match(a, '(%d+)-(%d+)')
  local bm, bn = string.match(b, '(%d+)-(%d+)')
  am, an, bm, bn = tonumber(am), tonumber(an), tonumber(bm), tonumber(bn)
  return am > bm or (am == bm and an > bn)
end
local function holds(key)
  if #redis.call('XRANGE', key, after, after, 'COUNT', 1) == 1 then return true end
  local oldest = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1]
  return oldest ~= nil and oldest[2][#oldest[2] - 1] == 'p' and oldest[2][#oldest[2]] == after
end
if isPast(after, head) then return { epoch, head, 'gap' } end
if holds(stream) then return { epoch, head, 'stream', redis.call('XRANGE', stream, '(' .. after, '+', 'COUNT', count) } end
if name ~= '' and holds(prefix .. 'channel:' .. name) then
  return { epoch, head, 'channel', redis.call('XRANGE', prefix .. 'channel:' .. name, '(' .. after, '+', 'COUNT', count) }
end
return { epoch, head, 'gap' }
`,
};

/** Takes a lease. KEYS[1]: the lease, KEYS[2]: its cursor. ARGV: the holder, milliseconds. Gives whether, and the cursor. */
export const TAKE_LEASE: Script = {
  keys: 2,
  text: `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 0 } end
return { 1, redis.call('GET', KEYS[2]) }
`,
};

/** Renews a lease, or with 0 milliseconds gives it up. KEYS as above. ARGV: the holder, milliseconds, and a cursor, if there is a new one. */
export const RENEW_LEASE: Script = {
  keys: 2,
  text: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] then redis.call('SET', KEYS[2], ARGV[3]) end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`,
};
