import type { Script } from './commands.ts';

/**
 * Takes events that others may have published, or that were tried before. KEYS[1]: the stream of all events, then the key of each event. ARGV: how long a key
 * is kept; then for each event the id that it was tried with (or nothing), its channel, its body, and its key as it stands in the body.
 * Gives how many it has taken, now or before, and the newest id.
 *
 * A try that may still be on its way names its id, which no other entry can have: so it is looked up, or used up.
 */
export const PUBLISH: Script = {
  keys: 'first',
  text: `
local call, stream, prefix = redis.call, KEYS[1], ARGV[2]
local last = ''
for at = 2, #KEYS do
  if call('SET', KEYS[at], '', 'NX', 'PX', ARGV[1]) then
    local first = (at - 2) * 4 + 3
    local tried, channel, body, key = ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3]
    local isNew = true
    if tried ~= '' then
      for _, place in ipairs({ stream, prefix .. 'channel:' .. channel }) do
        local held = call('XRANGE', place, tried, tried)[1]
        local _, begin = string.find(held and held[2][2] or '', '^[^\\n]*\\n[^\\n]*\\n[^\\n]*\\n')
        if begin and string.sub(held[2][2], begin + 1) == key then isNew = false end
      end
    end
    if isNew then
      local added = tried ~= '' and redis.pcall('XADD', stream, tried, channel, body)
      if type(added) ~= 'string' then added = call('XADD', stream, '*', channel, body) end
      last = added
    end
  end
end
return { #KEYS - 1, last }
`,
};

/**
 * Moves the oldest entries into the streams of their channels. KEYS[1]: the stream of all events, KEYS[2]: prefix. ARGV: how many entries the stream keeps,
 * history, how long a channel's stream is kept, how many entries are moved at most. Gives how many are left to move.
 *
 * The place up to which the stream is trimmed is written down, so that a reader tells what was trimmed from what Redis lost.
 * A channel's time to live is written again after a sixteenth of it.
 */
export const ARCHIVE: Script = {
  keys: 2,
  text: `
local call, stream, prefix = redis.call, KEYS[1], KEYS[2]
local keep, history, historyMs = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local length = call('XLEN', stream)
if length <= keep then return 0 end
local old = call('XRANGE', stream, '-', '+', 'COUNT', math.min(length - keep, tonumber(ARGV[4])))
local channels = {}
for _, entry in ipairs(old) do
  if history ~= '0' then
    local channel = prefix .. 'channel:' .. entry[2][1]
    channels[channel] = true
    redis.pcall('XADD', channel, 'MAXLEN', '~', history, entry[1], entry[2][1], entry[2][2])
  end
end
for channel in pairs(channels) do
  if call('PTTL', channel) < historyMs then call('PEXPIRE', channel, math.ceil(historyMs * 17 / 16)) end
end
call('SET', prefix .. 'trimmed', old[#old][1])
call('XTRIM', stream, 'MAXLEN', length - #old)
return length - #old - keep
`,
};

/**
 * The place of a subscriber. KEYS[1]: the stream of all events, KEYS[2]: prefix. ARGV[1]: an epoch for a new stream, ARGV[2]: the place
 * after which it goes on (empty: now), ARGV[3]: event and channel, if it has fixed all parameters, ARGV[4]: how many entries it takes.
 * Gives the epoch, the newest place, and 'live' (nothing to catch up), 'gap', or 'entries' with those after its place.
 */
export const RESUME: Script = {
  keys: 2,
  text: `
local call, stream, prefix = redis.call, KEYS[1], KEYS[2]
local after, name, count = ARGV[2], ARGV[3], tonumber(ARGV[4])
call('SET', prefix .. 'epoch', ARGV[1], 'NX')
local epoch = call('GET', prefix .. 'epoch')
local newest = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local head = newest and newest[1] or '0-0'
if after == '' or after == head then return { epoch, head, 'live' } end
local function holds(key) return #call('XRANGE', key, after, after, 'COUNT', 1) == 1 end
if holds(stream) or (after == (call('GET', prefix .. 'trimmed') or '0-0') and head ~= '0-0') then
  return { epoch, head, 'entries', call('XRANGE', stream, '(' .. after, '+', 'COUNT', count) }
end
local channel = prefix .. 'channel:' .. name
if name == '' or not holds(channel) then return { epoch, head, 'gap' } end
local entries = call('XRANGE', channel, '(' .. after, '+', 'COUNT', count)
-- What is not in the channel's stream yet is in the one of all, after everything that was moved.
if #entries < count then
  for _, entry in ipairs(call('XRANGE', stream, '-', '+', 'COUNT', count - #entries)) do entries[#entries + 1] = entry end
end
return { epoch, head, 'entries', entries }
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
