"""Forms for hCaptcha and Turnstile, with django-hcaptcha and django-turnstile and their settings from
docs/integrate.md."""

import os
import runpy
import sys

from django import forms
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path

settings.configure(
    DEBUG=True,
    SECRET_KEY="for tests alone",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["hcaptcha", "turnstile"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    **{name: value for name, value in runpy.run_path(os.environ["SETTINGS"]).items() if name.isupper()},
)

from hcaptcha.fields import hCaptchaField  # noqa: E402 (reads the settings)
from turnstile.fields import TurnstileField  # noqa: E402


class Hcaptcha(forms.Form):
    name = forms.CharField(initial="Ada")
    captcha = hCaptchaField(hl="de")


class Turnstile(forms.Form):
    name = forms.CharField(initial="Ada")
    captcha = TurnstileField(theme="dark")


def view(form_class):
    def answer(request):
        form = form_class(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return HttpResponse(f'<link rel="icon" href="data:,"><p>passed: {form.cleaned_data["name"]}</p>')
        return HttpResponse(f"""<!doctype html><html lang="en"><title>Sign up</title><link rel="icon" href="data:,">
            <form method="post">{form.as_p()}<button>Send</button></form>""")

    return answer


urlpatterns = [path("hcaptcha", view(Hcaptcha)), path("turnstile", view(Turnstile))]
execute_from_command_line([sys.argv[0], "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{sys.argv[1]}"])
