/**
 * The steps of the Redis store. Each runs in Redis at once, within one key slot, by the clock of the caller (`now`).
 *
 * A session is one text, which takes a third less than a hash: last seen (13 digits), end of its absolute life (13),
 * when its refresh token was first issued (13), generation of that (10), if earlier refresh tokens are within their grace
 * `|`, how many (2) and when each was first presented (13 each), sealed facts. It is over when its times say
 * so; Redis forgets it `slack` later, so that it can still be handed over (`reap`). A counter is a text `count:end`, a value `end:sealed`. Of several names for one counter or value (one
 * per key of the ring) the first is where it is kept; what stands under the others moves there.
 */

const session = `
local function whole(number) return string.format('%.0f', number) end

local function load(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local function digits(first, last) return tonumber(string.sub(text, first, last)) end
  local s, facts = { t = digits(1, 13), x = digits(14, 26), r = digits(27, 39), g = digits(40, 49), u = {} }, 50
  if string.sub(text, 50, 50) == '|' then
    facts = 53 + 13 * digits(51, 52)
    for first = 53, facts - 13, 13 do table.insert(s.u, digits(first, first + 12)) end
  end
  s.v = string.sub(text, facts)
  return s
end

local function ends(s, idle) return math.min(s.t + idle, s.x) end

local function alive(key, now, idle)
  local s = load(key)
  return s and now < ends(s, idle) and s or nil
end

local function text(s)
  local uses = #s.u == 0 and '' or string.format('|%02.0f', #s.u)
  for _, used in ipairs(s.u) do uses = uses .. string.format('%013.0f', used) end
  return string.format('%013.0f%013.0f%013.0f%010.0f', s.t, s.x, s.r, s.g) .. uses .. s.v
end

local function touch(key, s, now, idle, slack)
  if now > s.t then
    s.t = now
    redis.call('SETRANGE', key, 0, string.format('%013.0f', now))
  end
  redis.call('PEXPIRE', key, whole(ends(s, idle) - now + slack))
end

local function told(key, s) return { key, s.v, s.t, s.g } end
`

const counter = `
local function take(first, names, now, max, window, cost)
  local count, ends = 0, 0
  for i = first, first + names - 1 do
    local kept = redis.call('GET', KEYS[i])
    if kept then
      local c, e = string.match(kept, '^(%d+):(%d+)$')
      c, e = tonumber(c), tonumber(e)
      if now < e and c > count then count, ends = c, e end
    end
  end
  local allowed = count + math.max(1, cost) <= max
  if allowed and cost > 0 then
    if count == 0 then ends = now + window end
    count = count + cost
    redis.call('SET', KEYS[first], whole(count) .. ':' .. whole(ends), 'PX', whole(ends - now))
    for i = first + 1, first + names - 1 do redis.call('DEL', KEYS[i]) end
  end
  return allowed and 1 or 0, count, count == 0 and 0 or ends - now
end

-- From ARGV[from]: names, then max, window, cost, 1 where it follows, of each check whose names begin at KEYS[first].
local function takeAll(first, from, now)
  local results, names, before = {}, tonumber(ARGV[from]), 1
  for i = from + 1, #ARGV, 4 do
    local rejected = ARGV[i + 3] == '1' and before == 0
    local cost = rejected and 0 or tonumber(ARGV[i + 2])
    local allowed, count, rest = take(first, names, now, tonumber(ARGV[i]), tonumber(ARGV[i + 1]), cost)
    if rejected then allowed = 0 end
    before = allowed
    results[#results + 1] = allowed
    results[#results + 1] = count
    results[#results + 1] = rest
    first = first + names
  end
  return results
end
`

/**
 * KEYS: session, index, and in one slot with them or without slots: queue, names of slots to release…
 * ARGV: now, absolute end, life of the index, life of the record, first due, sealed, slots…
 */
const create = `
local now = tonumber(ARGV[1])
redis.call('SET', KEYS[1], text({ t = now, x = tonumber(ARGV[2]), r = now, g = 1, u = {}, v = ARGV[6] }), 'PX', ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], ARGV[2], KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if KEYS[3] then redis.call('ZADD', KEYS[3], ARGV[5], KEYS[1]) end
if KEYS[4] then release(4, 7) end
return 1
`

/**
 * KEYS: session, the generations or none, counters… ARGV: now, idle, slack, how many generations, that of records as far as
 * the caller knows, names, checks… → session, generations (those of modules unless the caller knows them), results
 */
const read = `
local now, idle = tonumber(ARGV[1]), tonumber(ARGV[2])
local s = alive(KEYS[1], now, idle)
if s then touch(KEYS[1], s, now, idle, tonumber(ARGV[3])) end
local count, generations = tonumber(ARGV[4]), {}
if count > 0 then
  for n = 1, 3 do generations[n] = redis.call('GET', KEYS[1 + n]) or '' end
  if generations[1] ~= ARGV[5] then generations[4] = redis.call('HGETALL', KEYS[5]) end
end
return { s and told(KEYS[1], s) or {}, generations, takeAll(2 + count, 6, now) }
`

/** KEYS: the generation of records, those of modules. ARGV: the new one, life, modules… (none: all of them) */
const outdate = `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if not ARGV[3] then redis.call('DEL', KEYS[2]) end
for i = 3, #ARGV do redis.call('HSET', KEYS[2], ARGV[i], ARGV[1]) end
if not ARGV[3] then redis.call('HSET', KEYS[2], '', ARGV[1]) end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
`

/** KEYS: counters… ARGV: now, names, checks… */
const take = `
return takeAll(1, 2, tonumber(ARGV[1]))
`

/** KEYS: names of one counter. ARGV: now, cost */
const giveBack = `
for _, name in ipairs(KEYS) do
  local count, ends = string.match(redis.call('GET', name) or '', '^(%d+):(%d+)$')
  if count and tonumber(ARGV[1]) < tonumber(ends) then
    local left = tonumber(count) - tonumber(ARGV[2])
    if left > 0 then redis.call('SET', name, whole(left) .. ':' .. ends, 'KEEPTTL') else redis.call('DEL', name) end
  end
end
return 1
`

/** KEYS: session, index. ARGV: now, idle, slack, grace, presented generation, most uses → verdict, session */
const rotate = `
local now, idle = tonumber(ARGV[1]), tonumber(ARGV[2])
local s, presented = alive(KEYS[1], now, idle), tonumber(ARGV[5])
if not s then return { 'unknown', {} } end
-- The use of the last generation is when the current one was first issued; see \`present\` in refresh.ts.
local uses, grace, most = s.u, tonumber(ARGV[4]), tonumber(ARGV[6])
if s.g > 1 then table.insert(uses, s.r) end
while uses[1] and now - uses[1] > grace do table.remove(uses, 1) end
if presented > s.g + 1 or presented < s.g - #uses then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], KEYS[1])
  return { 'reused', told(KEYS[1], s) }
end
if presented > s.g or (presented == s.g and #uses < most) then
  for _ = s.g, presented - 1 do table.insert(uses, now) end
  while #uses >= most do table.remove(uses, 1) end
  s.g, s.r = presented + 1, now
  redis.call('SET', KEYS[1], text(s), 'KEEPTTL')
end
touch(KEYS[1], s, now, idle, tonumber(ARGV[3]))
return { 'rotated', told(KEYS[1], s) }
`

/** KEYS: session. ARGV: now, idle → session */
const look = `
local s = alive(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
return s and told(KEYS[1], s) or {}
`

/** KEYS: session. ARGV: now, idle, sealed before, sealed after → 1 done, 0 changed concurrently, -1 over */
const update = `
local s = alive(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
if not s then return -1 end
if s.v ~= ARGV[3] then return 0 end
s.v = ARGV[4]
redis.call('SET', KEYS[1], text(s), 'KEEPTTL')
return 1
`

/** KEYS: session, index. ARGV: now, idle → session, replicas, history */
const end = `
local s = alive(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], KEYS[1])
return { s and told(KEYS[1], s) or {}, replicas() }
`

/** KEYS: indexes… ARGV: now, idle, 1 to end them, session to leave alone → sessions, and if they ended replicas, history */
const all = `
local now, idle, sessions = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for _, index in ipairs(KEYS) do
  for _, key in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    local s = alive(key, now, idle)
    if s and key ~= ARGV[4] then sessions[#sessions + 1] = told(key, s) end
    if ARGV[3] == '1' and key ~= ARGV[4] then
      redis.call('DEL', key)
      redis.call('ZREM', index, key)
    end
  end
end
if ARGV[3] ~= '1' then return { sessions } end
return { sessions, replicas() }
`

/** How many replicas are connected, as the master itself knows; and which history of writes they follow. */
const replicas = `
local function replicas()
  local state = redis.call('INFO', 'replication')
  local count, history = string.match(state, 'connected_slaves:(%d+)'), string.match(state, 'master_replid:(%x+)')
  return tonumber(count) or 0, history or ''
end
`

/** KEYS: queue. ARGV: now, when to look again, how many → session keys that are due, looked after by this caller until then */
const due = `
local keys = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, key in ipairs(keys) do redis.call('ZADD', KEYS[1], ARGV[2], key) end
return keys
`

/** KEYS: session. ARGV: now, idle → its end if it lives on, or 0 and the session that ran out, or 0 and nothing */
const expire = `
local s = load(KEYS[1])
if not s then return { 0, {} } end
local idle = tonumber(ARGV[2])
if tonumber(ARGV[1]) < ends(s, idle) then return { ends(s, idle), {} } end
redis.call('DEL', KEYS[1])
return { 0, told(KEYS[1], s) }
`

const value = `
local function kept(key, now)
  local text = redis.call('GET', key)
  local ends, sealed = string.match(text or '', '^(%d+):(.*)$')
  return ends and now < tonumber(ends) and sealed or nil
end

local function keep(now, life, sealed)
  for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
  redis.call('SET', KEYS[1], string.format('%.0f', now + life) .. ':' .. sealed, 'PX', life)
end
`

/** KEYS: names. ARGV: now, life, sealed → what was there before, with its name */
const claim = `
local now = tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  local sealed = kept(key, now)
  if sealed then return { key, sealed } end
end
keep(now, ARGV[2], ARGV[3])
return {}
`

/** KEYS: names. ARGV: now, life, sealed */
const put = `
keep(tonumber(ARGV[1]), ARGV[2], ARGV[3])
return 1
`

/** KEYS: names. ARGV: now, 1 to take it away → the value with its name */
const get = `
local now, found = tonumber(ARGV[1]), {}
for _, key in ipairs(KEYS) do
  local sealed = kept(key, now)
  if sealed and not found[1] then found = { key, sealed } end
  if sealed and ARGV[2] == '1' then redis.call('DEL', key) end
end
return found
`

const slots = `
-- Slots that stand under another name move to the first.
local function gather(first)
  for i = first + 1, #KEYS do
    local held = redis.call('HGETALL', KEYS[i])
    for n = 1, #held, 2 do redis.call('HSET', KEYS[first], held[n], held[n + 1]) end
    if held[1] then
      redis.call('PEXPIRE', KEYS[first], math.max(redis.call('PTTL', KEYS[i]), redis.call('PTTL', KEYS[first])))
      redis.call('DEL', KEYS[i])
    end
  end
end

local function release(first, from)
  gather(first)
  for i = from, #ARGV do redis.call('HDEL', KEYS[first], ARGV[i]) end
end
`

/** KEYS: names. ARGV: life, limit, slot, mark → 1 or 0, the other slots with their marks */
const takeSlot = `
gather(1)
local held = redis.call('HGETALL', KEYS[1])
if #held / 2 >= tonumber(ARGV[2]) then return { 0, held } end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return { 1, held }
`

/** KEYS: names. ARGV: slot, mark */
const markSlot = `
gather(1)
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return 1
`

/** KEYS: names. ARGV: slots… */
const releaseSlots = `
release(1, 1)
return 1
`

/** Every step under its name, ready for `defineCommand`. */
export const scripts = {
  gwCreate: session + slots + create,
  gwRead: session + counter + read,
  gwOutdate: outdate,
  gwTake: session + counter + take,
  gwGiveBack: session + giveBack,
  gwRotate: session + rotate,
  gwLook: session + look,
  gwUpdate: session + update,
  gwEnd: session + replicas + end,
  gwAll: session + replicas + all,
  gwDue: due,
  gwExpire: session + expire,
  gwClaim: value + claim,
  gwPut: value + put,
  gwGet: value + get,
  gwTakeSlot: slots + takeSlot,
  gwMarkSlot: slots + markSlot,
  gwReleaseSlots: slots + releaseSlots,
} as const

export type Script = keyof typeof scripts
