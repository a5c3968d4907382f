-- For wrk: new captchas, one after the other on each connection.
wrk.method = "POST"
wrk.path = "/api/captcha/generate/"
