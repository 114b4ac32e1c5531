-- wrk's script: GETs one address, POSTs comments when the arguments have a `body`, or PUTs votes when they have `values`;
-- checks every answer's status, length and marker. Its argument is a Lua file that returns
--   status, least, most, marker   what a right answer is (`marker` "" for none)
--   headers                       sent with every request
--   body, text, parents, tokens   POST only: body is a format of (text, parent part), text one of (unique word);
--                                 every second post takes the next of `parents`, each the next of `tokens` (or none)
--   values, tokens                PUT only: each of `tokens` in turn, and another of `values` each time round
--   run                           POST only: a word that makes texts and Idempotency-Keys unique among runs
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  given = dofile(args[1])
  right, wrong, sample = 0, 0, ""
  for name, value in pairs(given.headers) do
    wrk.headers[name] = value
  end
  if given.body then request = next_post end
  if given.values then request = next_vote end
end

local votes = 0

function next_vote()
  local round = math.floor(votes / #given.tokens)
  local headers = { ["Authorization"] = "Bearer " .. given.tokens[votes % #given.tokens + 1] }
  for name, value in pairs(wrk.headers) do
    headers[name] = value
  end
  votes = votes + 1
  return wrk.format("PUT", nil, headers, given.values[round % #given.values + 1])
end

local posts = 0

function next_post()
  posts = posts + 1
  local word = given.run .. "-" .. posts
  local headers = { ["Idempotency-Key"] = word }
  for name, value in pairs(wrk.headers) do
    headers[name] = value
  end
  if #given.tokens > 0 then
    headers["Authorization"] = "Bearer " .. given.tokens[posts % #given.tokens + 1]
  end
  local parent = ""
  if posts % 2 == 0 then
    parent = given.parents[posts / 2 % #given.parents + 1]
  end
  return wrk.format("POST", nil, headers, string.format(given.body, string.format(given.text, word), parent))
end

function response(status, headers, body)
  local length = #body
  if status == given.status and length >= given.least and length <= given.most
    and (given.marker == "" or body:find(given.marker, 1, true)) then
    right = right + 1
  else
    wrong = wrong + 1
    if sample == "" then sample = status .. ", " .. length .. " bytes: " .. body:sub(1, 300) end
  end
end

function done(summary, latency, requests)
  local all_right, all_wrong, first = 0, 0, ""
  for _, thread in ipairs(threads) do
    all_right = all_right + thread:get("right")
    all_wrong = all_wrong + thread:get("wrong")
    if first == "" then first = thread:get("sample") end
  end
  local errors = summary.errors
  io.write(string.format(
    "\nSUMMARY %d %d %d %d %d %d %d\n", summary.duration, all_right, all_wrong,
    errors.connect + errors.read + errors.write, errors.timeout, latency:percentile(50), latency:percentile(99)))
  if first ~= "" then io.write("SAMPLE " .. first:gsub("%s+", " ") .. "\n") end
end
