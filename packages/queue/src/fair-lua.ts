/**
 * Lua that the scripts share: `FairLine` of @penstock/scheduling on Redis. Beside BullMQ's keys a lane has a hash `fair`
 * (`v` virtual time, `seq` arrivals, `bytes`, `tokens`, `t:<tenant>` waiting jobs, `u:<user>` the rank it last left with and its
 * waiting ids, `k:<key>` the id that a newer job replaces) and a sorted set `arrived` (ids by time). A job's row carries what its
 * leaving must undo. Both keys go when the lane empties, so nothing of it can grow or leak.
 *
 * A lane's keys, in this order: waiting, marker, counter, fair, arrived.
 */
const fairLua = `
local function num(text) return tonumber(text or '') or 0 end

local function words(text)
  local found = {}
  for word in string.gmatch(text or '', '%S+') do found[#found + 1] = word end
  return found
end

-- Equal ranks leave in the order of arrival: up to 2^20 arrivals fit between two ranks.
local function scoreOf(rank, seq) return rank + (seq % 1048576) / 1048576 end

local function count(fair, field, by)
  if redis.call('HINCRBY', fair, field, by) <= 0 then redis.call('HDEL', fair, field) end
end

-- Forgets a job that left the waiting set. started: it goes to a node, so what it was charged stays charged.
local function leave(keys, prefix, id, row, started)
  local waiting, marker, counter, fair, arrived = keys[1], keys[2], keys[3], keys[4], keys[5]
  redis.call('DEL', prefix .. id)
  if redis.call('EXISTS', waiting) == 0 then
    redis.call('DEL', marker, counter, fair, arrived)
    return
  end
  redis.call('ZREM', arrived, id)
  if not row.user then return end
  redis.call('HINCRBY', fair, 'bytes', 0 - num(row.bytes))
  redis.call('HINCRBY', fair, 'tokens', 0 - num(row.tokens))
  if row.resumed == '1' then return end
  count(fair, 't:' .. row.tenant, -1)
  if row.key ~= '' and redis.call('HGET', fair, 'k:' .. row.key) == id then redis.call('HDEL', fair, 'k:' .. row.key) end
  local rank = num(row.rank)
  if started and rank > num(redis.call('HGET', fair, 'v')) then redis.call('HSET', fair, 'v', rank) end
  local list = words(redis.call('HGET', fair, 'u:' .. row.user))
  local last, at = list[1], nil
  for i = 2, #list do
    if list[i] == id then at = i
    elseif at == nil then last = redis.call('HGET', prefix .. list[i], 'rank') or last
    elseif not started then
      local later = redis.call('HMGET', prefix .. list[i], 'cameAt', 'cost', 'seq')
      last = math.max(num(later[1]), num(last)) + num(later[2])
      redis.call('HSET', prefix .. list[i], 'rank', last)
      redis.call('ZADD', waiting, 'XX', scoreOf(last, num(later[3])), list[i])
    end
  end
  if at == nil then return end
  if started and at == 2 then list[1] = rank end
  table.remove(list, at)
  if #list == 1 then redis.call('HDEL', fair, 'u:' .. row.user)
  else redis.call('HSET', fair, 'u:' .. row.user, table.concat(list, ' ')) end
end

local rowFields = {'data', 'timestamp', 'user', 'tenant', 'key', 'rank', 'bytes', 'tokens', 'resumed'}
local function readRow(key)
  local values, row = redis.call('HMGET', key, unpack(rowFields)), {}
  for i, name in ipairs(rowFields) do row[name] = values[i] end
  return row
end
`

/** Takes and settles in one step: the id leaves the line and its row is deleted before anyone else is served. */
export const takeLua = `${fairLua}
for lane = 1, #ARGV do
  local keys = {unpack(KEYS, 5 * lane - 4, 5 * lane)}
  local id = redis.call('ZPOPMIN', keys[1])[1]
  if id then
    local row = readRow(ARGV[lane] .. id)
    leave(keys, ARGV[lane], id, row, true)
    return {lane - 1, id, row.data, row.timestamp}
  end
end
return nil`

/** ARGV: row prefix, id. */
export const removeLua = `${fairLua}
if redis.call('ZREM', KEYS[1], ARGV[2]) == 0 then
  redis.call('DEL', ARGV[1] .. ARGV[2])
  return 0
end
leave(KEYS, ARGV[1], ARGV[2], readRow(ARGV[1] .. ARGV[2]), false)
return 1`

/**
 * Gives a job that BullMQ's script has just put into the waiting set its place there, or takes it out again when a bound refuses
 * it. Runs in one transaction with that script. ARGV: see `placeArguments`.
 */
export const placeLua = `${fairLua}
local waiting, fair, arrived = KEYS[1], KEYS[4], KEYS[5]
local prefix, id, user, tenant, key, cost, bytes, tokens, resumed, now, askedAt = unpack(ARGV, 1, 11)
local perUserMax, perTenantMax, jobsMax, bytesMax, aheadMax = unpack(ARGV, 12, 16)
local rowKey = prefix .. id

if redis.call('HEXISTS', rowKey, 'user') == 1 then
  return {'present', redis.call('HGET', rowKey, 'rank'), redis.call('ZRANK', waiting, id) or 0}
end
-- Taken between the two scripts, which happens only where the transaction had to be done in parts.
if not redis.call('ZSCORE', waiting, id) then return {'present', '0', 0} end

local function refuse(reason, ahead)
  redis.call('ZREM', waiting, id)
  redis.call('DEL', rowKey)
  if redis.call('EXISTS', waiting) == 0 then redis.call('DEL', unpack(KEYS)) end
  return {'refused', reason, ahead}
end

local function put(rank, cameAt, seq, charged, score, replaced)
  redis.call('HSET', rowKey, 'user', user, 'tenant', tenant, 'key', key, 'rank', rank, 'cameAt', cameAt, 'seq', seq,
    'cost', charged, 'bytes', bytes, 'tokens', tokens, 'resumed', resumed, 'askedAt', askedAt)
  redis.call('ZADD', waiting, score, id)
  redis.call('ZADD', arrived, now, id)
  redis.call('HINCRBY', fair, 'bytes', bytes)
  redis.call('HINCRBY', fair, 'tokens', tokens)
  if resumed == '0' then
    redis.call('HINCRBY', fair, 't:' .. tenant, 1)
    if key ~= '' then redis.call('HSET', fair, 'k:' .. key, id) end
  end
  return {'added', tostring(rank), redis.call('ZRANK', waiting, id), replaced}
end

-- Before all ranks, in the order of arrival.
if resumed == '1' then
  local seq = redis.call('HINCRBY', fair, 'seq', 1)
  return put(0, 0, seq, 0, seq - 4503599627370496, '')
end

local jobs = redis.call('ZCARD', waiting) - 1
local formerId = key ~= '' and redis.call('HGET', fair, 'k:' .. key)
local former = formerId and redis.call('HMGET', prefix .. formerId, 'user', 'rank', 'cameAt', 'seq', 'cost', 'bytes', 'tokens', 'askedAt')
if not former or former[1] ~= user then former = nil end
if former and num(former[8]) > num(askedAt) then return refuse('superseded', jobs) end

if num(redis.call('HGET', fair, 'bytes')) - num(former and former[6]) + num(bytes) > num(bytesMax) then
  return refuse('bytes', jobs)
end
local list = words(redis.call('HGET', fair, 'u:' .. user))

if former then
  for i = 2, #list do if list[i] == formerId then list[i] = id end end
  redis.call('HSET', fair, 'u:' .. user, table.concat(list, ' '))
  redis.call('ZREM', waiting, formerId)
  redis.call('ZREM', arrived, formerId)
  redis.call('DEL', prefix .. formerId)
  redis.call('HINCRBY', fair, 'bytes', 0 - num(former[6]))
  redis.call('HINCRBY', fair, 'tokens', 0 - num(former[7]))
  redis.call('HINCRBY', fair, 't:' .. tenant, -1)
  return put(num(former[2]), num(former[3]), num(former[4]), num(former[5]), scoreOf(num(former[2]), num(former[4])), formerId)
end

if math.max(0, #list - 1) >= num(perUserMax) then return refuse('user', jobs) end
if num(redis.call('HGET', fair, 't:' .. tenant)) >= num(perTenantMax) then return refuse('tenant', jobs) end
if jobs >= num(jobsMax) then return refuse('jobs', jobs) end

local v = num(redis.call('HGET', fair, 'v'))
local last = list[1]
if #list > 1 then last = redis.call('HGET', prefix .. list[#list], 'rank') end
local rank = math.max(v, num(last)) + num(cost)
local seq = num(redis.call('HGET', fair, 'seq')) + 1
local score = scoreOf(rank, seq)
redis.call('ZREM', waiting, id)
local ahead = redis.call('ZCOUNT', waiting, '-inf', string.format('(%.17g', score))
if ahead > num(aheadMax) then return refuse('wait', ahead) end

redis.call('HSET', fair, 'seq', seq)
if #list == 0 then list = {'0'} end
list[#list + 1] = id
redis.call('HSET', fair, 'u:' .. user, table.concat(list, ' '))
local placed = put(rank, v, seq, cost, score, '')

-- A lane that never empties for weeks: ranks start anew from virtual time before a score loses its fraction.
if rank > 4294967296 then
  for _, other in ipairs(redis.call('ZRANGE', waiting, 0, -1)) do
    local row = redis.call('HMGET', prefix .. other, 'rank', 'cameAt', 'seq', 'resumed')
    if row[4] == '0' then
      redis.call('HSET', prefix .. other, 'rank', num(row[1]) - v, 'cameAt', num(row[2]) - v)
      redis.call('ZADD', waiting, scoreOf(num(row[1]) - v, num(row[3])), other)
    end
  end
  for _, field in ipairs(redis.call('HKEYS', fair)) do
    if string.sub(field, 1, 2) == 'u:' then
      local list = words(redis.call('HGET', fair, field))
      list[1] = num(list[1]) - v
      redis.call('HSET', fair, field, table.concat(list, ' '))
    end
  end
  redis.call('HSET', fair, 'v', 0)
end
return placed`
