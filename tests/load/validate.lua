-- For wrk: answers to a captcha that does not exist. They cost as much as a wrong answer does, except
-- that no attempt is counted.
wrk.method = "POST"
wrk.path = "/api/captcha/validate/"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"id":"3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10","text":"aB3xY7"}'
