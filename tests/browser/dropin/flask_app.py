"""A form for reCAPTCHA, with Flask-WTF and its settings from docs/integrate.md."""

import os
import sys

from flask import Flask
from flask_wtf import FlaskForm
from flask_wtf.recaptcha import RecaptchaField
from wtforms import StringField

app = Flask(__name__)
app.config["SECRET_KEY"] = "for tests alone"
app.config.from_pyfile(os.environ["SETTINGS"])


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
