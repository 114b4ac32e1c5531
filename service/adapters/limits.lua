-- One limit of one account or network: a window that slides in slots, kept as "birth slot:count slot:count ...", where
-- birth is the time in ms it was made: another birth means that Redis lost the window in between.
-- KEYS[1]  the window
-- ARGV     1 window in ms, 2 slot in ms, 3 quota (-1: charge nothing), 4 "slot:count ..." to add first (may be left out;
--          negative counts are refunds), 5 now in ms since the epoch (left out: the server's clock)
-- Returns  accepted (1 or 0), used, ms until a charge is accepted (refused) or some quota comes back (accepted),
--          the current slot, now in ms, the window
local window, width, quota, additions = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] or ''
local now = tonumber(ARGV[5] or '')
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local current = math.floor(now / width)
local stored = redis.call('GET', KEYS[1])

local slots, counts = {}, {}
local function take(text)
  for slot, count in string.gmatch(text, '(%d+):(-?%d+)') do
    slot = math.min(tonumber(slot), current) -- a clock that was ahead must not block for longer than a window
    if (slot + 1) * width + window > now then
      if not counts[slot] then
        slots[#slots + 1], counts[slot] = slot, 0
      end
      counts[slot] = math.max(0, counts[slot] + tonumber(count))
    end
  end
end
take(stored or '')
take(additions)
table.sort(slots)

local used = 0
for _, slot in ipairs(slots) do used = used + counts[slot] end

local accepted = 0
if quota >= 0 and used < quota then
  accepted, used = 1, used + 1
  if not counts[current] then
    slots[#slots + 1], counts[current] = current, 0
  end
  counts[current] = counts[current] + 1
end

local wait, left = 0, used
for _, slot in ipairs(slots) do
  if counts[slot] > 0 then
    left, wait = left - counts[slot], (slot + 1) * width + window - now
    if accepted == 1 or left < quota then break end
  end
end

local texts, last = { stored and string.match(stored, '^%d+') or string.format('%.0f', now) }, current
for _, slot in ipairs(slots) do
  if counts[slot] > 0 then
    texts[#texts + 1], last = string.format('%.0f:%.0f', slot, counts[slot]), slot
  end
end
local text = table.concat(texts, ' ')
-- A refused charge writes nothing: trying again does not prolong the wait.
if accepted == 1 or additions ~= '' then
  redis.call('SET', KEYS[1], text, 'PX', string.format('%.0f', (last + 1) * width + window - now))
end
return { accepted, used, wait, current, now, text }
