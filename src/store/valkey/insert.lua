-- Begins a captcha's life. KEYS: the captcha. ARGV: a nonce, the lifetime in milliseconds, the
-- captcha as it is kept (attempts left, a space, the text's form), and all of these again in one.
local about = ARGV[1] .. ' ' .. KEYS[1]
if ARGV[4] ~= about .. ' ' .. ARGV[2] .. ' ' .. ARGV[3] then
  return redis.error_reply('GARBLED')
end
local kept = redis.pcall('SET', KEYS[1], ARGV[3], 'NX', 'PX', ARGV[2])
if not kept then
  return redis.error_reply('TAKEN')
end
local word = 'stored'
if kept.err then
  if not string.find(kept.err, 'OOM', 1, true) then
    return kept
  end
  word = 'full'
end
return {about .. ' ' .. word, about .. ' ' .. word}
