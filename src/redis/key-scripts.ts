import type { Script } from './commands.ts';

/**
 * The keys of a caller: a sorted set of their weights, by the time at which each is forgotten, and the sum. Keys of one caller go before
 * their time only if they are given up.
 */
const SHARES = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function sweep(share)
  local over = redis.call('ZRANGEBYSCORE', share, '-inf', now, 'LIMIT', 0, 500)
  local weight = 0
  for _, member in ipairs(over) do
    weight = weight + tonumber(string.match(member, '^(%d+):'))
    redis.call('ZREM', share, member)
  end
  if weight > 0 then redis.call('DECRBY', share .. ':sum', weight) end
end
local function held(share)
  return tonumber(redis.call('GET', share .. ':sum') or '0')
end
local function hold(share, key, weight, ms)
  redis.call('ZADD', share, now + ms, weight .. ':' .. key)
  redis.call('INCRBY', share .. ':sum', weight)
  for _, name in ipairs({ share, share .. ':sum' }) do
    if redis.call('PTTL', name) < tonumber(ms) then redis.call('PEXPIRE', name, ms) end
  end
end
local function drop(share, key, weight)
  if redis.call('ZREM', share, weight .. ':' .. key) == 1 then redis.call('DECRBY', share .. ':sum', weight) end
end
`;

/** `found` is the key's owner and share. Another owner ends the script. */
const OWNED = `${SHARES}
local found = redis.call('HMGET', KEYS[1], 'w', 's')
if found[1] ~= ARGV[1] then return 0 end
`;

/** The size of a key beside its outcome, in bytes. */
export const KEY_WEIGHT = 400;

/** A client may send it again after a lost answer. KEYS: the key, the caller's share. ARGV: owner, fingerprint, lease, largest share. Gives 1, or 2 for a full share, or 0 with fingerprint and outcome. */
export const BEGIN: Script = {
  keys: 2,
  text: `${SHARES}
local found = redis.call('HMGET', KEYS[1], 'f', 'o', 'w')
if found[3] == ARGV[1] then return { 1 } end
if found[1] then return { 0, found[1], found[2] } end
sweep(KEYS[2])
if held(KEYS[2]) + ${KEY_WEIGHT} > tonumber(ARGV[4]) or redis.call('EXISTS', KEYS[2] .. ':full') == 1 then return { 2 } end
redis.call('HSET', KEYS[1], 'f', ARGV[2], 'w', ARGV[1], 's', KEYS[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
hold(KEYS[2], KEYS[1], ${KEY_WEIGHT}, ARGV[3])
return { 1 }
`,
};

/** KEYS: the key. ARGV: owner, lease. Gives whether. */
export const RENEW: Script = {
  keys: 1,
  text: `${OWNED}redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', found[2], 'XX', now + ARGV[2], '${KEY_WEIGHT}:' .. KEYS[1])
return 1
`,
};

/** KEYS: the key. ARGV: owner, time, largest share, outcome, what stands for an outcome that does not fit. Gives whether. */
export const FINISH: Script = {
  keys: 1,
  text: `${OWNED}local share, outcome = found[2], ARGV[4]
drop(share, KEYS[1], ${KEY_WEIGHT})
sweep(share)
local weight = ${KEY_WEIGHT} + #outcome
if held(share) + weight > tonumber(ARGV[3]) then
  -- Its caller's next keys are refused for a while: their outcomes would not fit either.
  redis.call('SET', share .. ':full', '', 'PX', 60000)
  outcome, weight = ARGV[5], ${KEY_WEIGHT}
end
redis.call('HSET', KEYS[1], 'o', outcome)
redis.call('HDEL', KEYS[1], 'w', 's')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
hold(share, KEYS[1], weight, ARGV[2])
return 1
`,
};

/** KEYS: the key. ARGV: owner. */
export const RELEASE: Script = {
  keys: 1,
  text: `${OWNED}redis.call('DEL', KEYS[1])
drop(found[2], KEYS[1], ${KEY_WEIGHT})
return 1
`,
};

/** KEYS: the nonce, the caller's share. ARGV: time, weight, largest share. Gives 1 if it is new, 2 for a full share, else 0. */
export const USE: Script = {
  keys: 2,
  text: `${SHARES}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
sweep(KEYS[2])
if held(KEYS[2]) + ARGV[2] > tonumber(ARGV[3]) then return 2 end
redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
hold(KEYS[2], KEYS[1], ARGV[2], ARGV[1])
return 1
`,
};
