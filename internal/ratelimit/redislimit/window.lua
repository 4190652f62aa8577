-- One question of a sliding window: ratelimit.Window over a sorted set.
--
-- KEYS: the log, the epoch. ARGV: the time in microseconds, or nothing for the
-- server's; n; limit; window; how many entries a log may have; a text for a new epoch.
--
-- An entry's score is its time, its member CUM:CALLS:LONGEST: all calls of the log up
-- to and with this entry, its own calls, and the longest window that was asked for when
-- it was written; of the last entry, that counts. So the calls of any window are one
-- difference.
local function whole(x) return string.format('%.0f', x) end

local now
if ARGV[1] == '' then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
else
  now = tonumber(ARGV[1])
end
local n, limit, window, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local log = KEYS[1]

local epoch = redis.call('GET', KEYS[2])
if not epoch then
  epoch = ARGV[6]
  redis.call('SET', KEYS[2], epoch)
end

local function parse(member)
  local cum, calls, longest = string.match(member, '^(%d+):(%d+):(%d+)$')
  return tonumber(cum), tonumber(calls), tonumber(longest)
end

-- The last entry; what is no log of ours is dropped, and told of.
local damaged = 0
local last, cum, calls, longest
local at = now
local found = redis.pcall('ZREVRANGE', log, 0, 0, 'WITHSCORES')
if found.err then
  redis.call('DEL', log)
  damaged = 1
elseif found[1] then
  last = { member = found[1], at = tonumber(found[2]) }
  cum, calls, longest = parse(last.member)
  if cum then
    at = math.max(now, last.at)
  else
    redis.call('DEL', log)
    last, damaged = nil, 1
  end
end

local raised = false
if last then
  raised = window > longest
  longest = math.max(longest, window)
  redis.call('ZREMRANGEBYSCORE', log, '-inf', whole(at - longest))
  if last.at <= at - longest then
    last = nil
  end
end
if not last then
  cum, longest, raised = 0, window, false
end

-- What this window counts: the entries from rank first on.
local first, base = 0, cum
if last then
  if longest > window then
    first = redis.call('ZCOUNT', log, '-inf', whole(at - window))
  end
  local oldest = redis.call('ZRANGE', log, first, first)[1]
  if oldest then
    local c, k = parse(oldest)
    base = c - k
  end
end
local counted = cum - base

-- keep writes the last entry anew, with what has changed of it.
local function keep(score)
  if last then
    redis.call('ZREM', log, last.member)
  end
  redis.call('ZADD', log, whole(score), whole(cum) .. ':' .. whole(calls) .. ':' .. whole(longest))
  redis.call('PEXPIRE', log, whole(math.ceil((longest + at - now) / 1000) + 1000))
end

local need = math.max(n, 1)
if need > limit - counted then
  local wait = window
  if need <= limit then
    -- The first entry whose end makes room: CUM grows with the rank.
    local goal = base + counted + need - limit
    local low, high = first, redis.call('ZCARD', log) - 1
    while low < high do
      local middle = math.floor((low + high) / 2)
      if parse(redis.call('ZRANGE', log, middle, middle)[1]) >= goal then
        high = middle
      else
        low = middle + 1
      end
    end
    wait = tonumber(redis.call('ZRANGE', log, low, low, 'WITHSCORES')[2]) - at + window
  end
  if raised then
    keep(last.at)
  end
  return { 0, counted, wait, at, epoch, damaged }
end

if n > 0 then
  -- rewrite begins the sums anew and joins neighbours in pairs, at the later one's time.
  local function rewrite(pairwise)
    local all = redis.call('ZRANGE', log, 0, -1, 'WITHSCORES')
    local out, sum, i = {}, 0, 1
    while i <= #all do
      local _, k = parse(all[i])
      if pairwise and i + 2 <= #all then
        i = i + 2
        local _, more = parse(all[i])
        k = k + more
      end
      sum = sum + k
      last = { member = whole(sum) .. ':' .. whole(k) .. ':' .. whole(longest), at = tonumber(all[i + 1]) }
      cum, calls = sum, k
      out[#out + 1] = whole(last.at)
      out[#out + 1] = last.member
      i = i + 2
    end
    redis.call('DEL', log)
    for from = 1, #out, 512 do
      redis.call('ZADD', log, unpack(out, from, math.min(from + 511, #out)))
    end
  end
  if last and cum > 4503599627370496 then
    rewrite(false)
  end
  if last and last.at == at then
    calls = calls + n
  else
    if last and redis.call('ZCARD', log) >= most then
      rewrite(true)
    end
    last, calls = nil, n
  end
  cum = cum + n
  keep(at)
  counted = counted + n
elseif raised then
  keep(last.at)
end
return { 1, counted, 0, at, epoch, damaged }
