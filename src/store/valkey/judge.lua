-- Judges an answer. KEYS: the captcha. ARGV: a nonce, the answer's form, and all of these again in
-- one.
local about = ARGV[1] .. ' ' .. KEYS[1]
if ARGV[3] ~= about .. ' ' .. ARGV[2] then
  return redis.error_reply('GARBLED')
end
local word = 'unknown'
local captcha = redis.call('GET', KEYS[1])
if captcha then
  local left, text = string.match(captcha, '^(%d+) (.+)$')
  if text == ARGV[2] then
    word = 'right'
    redis.call('DEL', KEYS[1])
  else
    left = left - 1
    local kept = 0 < left and redis.pcall('SET', KEYS[1], left .. ' ' .. text, 'XX', 'KEEPTTL')
    if not (kept and kept.ok) then
      -- A wrong answer that cannot be counted ends the captcha, so that no guess is free.
      left = 0
      redis.call('DEL', KEYS[1])
    end
    word = 'wrong ' .. left
  end
end
return {about .. ' ' .. word, about .. ' ' .. word}
