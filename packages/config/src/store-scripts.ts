/** Versions kept for `history` and `rollback`. */
export const historyLengthMax = 100

/** KEYS stamp, documents, entries. ARGV expected version or '', document, entry, digest, versions to keep. */
export const applyScript = `
local current = tonumber(string.match(redis.call('GET', KEYS[1]) or '0', '^%d+')) or 0
if ARGV[1] ~= '' and tonumber(ARGV[1]) ~= current then return {0, current} end
local version = current + 1
redis.call('HSET', KEYS[2], version, ARGV[2])
redis.call('HSET', KEYS[3], version, ARGV[3])
redis.call('SET', KEYS[1], version .. ':' .. ARGV[4])
redis.call('HDEL', KEYS[2], version - ARGV[5])
redis.call('HDEL', KEYS[3], version - ARGV[5])
return {1, version}`

/** KEYS stamp, documents. Both in one step: an apply between two reads would look like tampering. */
export const loadScript = `
local stamp = redis.call('GET', KEYS[1])
if not stamp then return nil end
return {stamp, redis.call('HGET', KEYS[2], string.match(stamp, '^%d+') or '')}`

/** KEYS stamp, documents, entries. ARGV version, document, entry, stamp. */
export const restoreScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
redis.call('SET', KEYS[1], ARGV[4])
return 1`
