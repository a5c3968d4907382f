"""A form made for reCAPTCHA, with Flask-WTF: what differs from one that uses Google's is two addresses."""

import os
import sys

from flask import Flask
from flask_wtf import FlaskForm
from flask_wtf.recaptcha import RecaptchaField
from wtforms import StringField

service = os.environ["CAPTCHA_URL"]
app = Flask(__name__)
app.config.update(
    SECRET_KEY="for tests alone",
    RECAPTCHA_PUBLIC_KEY="unused",
    RECAPTCHA_PRIVATE_KEY=os.environ["SITEVERIFY_SECRET"],
    RECAPTCHA_SCRIPT=f"{service}/widget.js?compat=recaptcha",
    RECAPTCHA_VERIFY_SERVER=f"{service}/siteverify",
)


class SignUp(FlaskForm):
    name = StringField()
    captcha = RecaptchaField()


@app.route("/", methods=["GET", "POST"])
def sign_up():
    form = SignUp()
    if form.validate_on_submit():
        return f'<link rel="icon" href="data:,"><p>passed: {form.name.data}</p>'
    return f"""<!doctype html><html lang="en"><title>Sign up</title><link rel="icon" href="data:,">
        <p>{form.captcha.errors or ""}</p>
        <form method="post">{form.hidden_tag()} {form.name(value="Ada")} {form.captcha()}
        <button>Send</button></form>"""


app.run("127.0.0.1", int(sys.argv[1]))
