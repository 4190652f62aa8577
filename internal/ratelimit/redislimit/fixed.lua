-- One question about all bounds of a group: ratelimit.Meter over a hash.
--
-- KEYS: the group, the epoch. ARGV: the time as seconds and nanoseconds, or nothing and
-- nothing for the server's; 1 to take, 0 to add; a text for a new epoch; then for each
-- bound its key, n, limit, the start as seconds and nanoseconds, and the windows' length
-- in seconds, 0 for one window without end.
--
-- A field is a bound's key, its value "USED SECONDS NANOS": what the window under way has
-- counted, and when it ends.
local function whole(x) return string.format('%.0f', x) end
local FOREVER, MOST = 9007199254740992, 9007199254740992

local seconds, nanos = tonumber(ARGV[1]), tonumber(ARGV[2])
if ARGV[1] == '' then
  local t = redis.call('TIME')
  seconds, nanos = tonumber(t[1]), tonumber(t[2]) * 1000
end
local take = ARGV[3] == '1'
local group = KEYS[1]

local epoch = redis.call('GET', KEYS[2])
if not epoch then
  epoch = ARGV[4]
  redis.call('SET', KEYS[2], epoch)
end

local fields = {}
for i = 5, #ARGV, 6 do
  fields[#fields + 1] = ARGV[i]
end
local damaged = 0
local stored = redis.pcall('HMGET', group, unpack(fields))
if stored.err then
  redis.call('DEL', group)
  stored, damaged = {}, 1
end

-- The meters, by key: two bounds may share one.
local meters, refused, wait = {}, 0, { 0, 0 }
for b = 1, #fields do
  local i = 5 + (b - 1) * 6
  local n, limit = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local start, below, length = tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
  local m = meters[fields[b]]
  if not m then
    local used, s, ns
    if stored[b] then
      used, s, ns = string.match(stored[b], '^(%d+) (%-?%d+) (%d+)$')
      if not used then
        damaged = 1
      end
    end
    if used then
      m = { used = tonumber(used), seconds = tonumber(s), nanos = tonumber(ns) }
    end
    if not m or seconds > m.seconds or seconds == m.seconds and nanos >= m.nanos then
      m = { used = 0, seconds = FOREVER, nanos = 0 }
      if length > 0 then
        local since = seconds - start
        if nanos < below then
          since = since - 1
        end
        m.seconds, m.nanos = start + (math.floor(since / length) + 1) * length, below
      end
    end
    meters[fields[b]] = m
  end
  local need = math.max(n, 1)
  if take and refused == 0 and (need > limit or m.used > limit - need) then
    refused = b
    if m.seconds ~= FOREVER then
      wait = { m.seconds - seconds, m.nanos - nanos }
    end
  end
end
if refused > 0 then
  return { 0, refused - 1, wait[1], wait[2], epoch, damaged }
end

local written, latest = {}, nil
for b = 1, #fields do
  local n = tonumber(ARGV[5 + (b - 1) * 6 + 1])
  local m = meters[fields[b]]
  if n > 0 then
    m.used = math.min(m.used + n, MOST)
    m.written = true
    if not latest or m.seconds > latest then
      latest = m.seconds
    end
  end
end
for key, m in pairs(meters) do
  if m.written then
    written[#written + 1] = key
    written[#written + 1] = whole(m.used) .. ' ' .. whole(m.seconds) .. ' ' .. whole(m.nanos)
  end
end
if latest then
  local left = redis.call('PTTL', group)
  redis.call('HSET', group, unpack(written))
  if latest == FOREVER then
    redis.call('PERSIST', group)
  else
    -- A group with a window without end has no end itself.
    local life = (latest - seconds + 2) * 1000
    if left == -2 or left >= 0 and left < life then
      redis.call('PEXPIRE', group, whole(life))
    end
  end
end
local out = { 1, 0, 0, 0, epoch, damaged }
for b = 1, #fields do
  out[#out + 1] = meters[fields[b]].used
end
return out
