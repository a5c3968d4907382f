// widget.js?compat=recaptcha (or hcaptcha, turnstile): pages written for one of these services show <mini-captcha>,
// and the form sends its answer in the field that their backends read.
(() => {
  const own = document.currentScript;
  // Some software appends its parameters with a second question mark.
  const [address, ...queries] = own.src.split('?');
  const parameters = new URLSearchParams(queries.join('&'));
  const kind = parameters.get('compat');
  const known = { recaptcha: ['grecaptcha', 'g-recaptcha'], hcaptcha: ['hcaptcha', 'h-captcha'], turnstile: ['turnstile', 'cf-turnstile'] };
  if (!Object.hasOwn(known, kind)) return console.error(`widget.js: expected compat to be recaptcha, hcaptcha or turnstile, but found ${kind}`);
  const [object, className] = known[kind];
  const rendered = [];

  const find = place => typeof place == 'string' ? document.getElementById(place) ?? document.querySelector(place) : place;
  const get = (place = 0) => rendered[place] ?? rendered.find(({ container }) => container == find(place));

  /** Shows a widget in an element, and returns its number. */
  function render(place, options = {}) {
    const container = find(place);
    const known = rendered.findIndex(one => one.container == container);
    const number = known < 0 ? rendered.length : known;
    const result = kind == 'recaptcha' ? number : `${number}`;
    if (0 <= known) return result;
    if (!container || container.localName == 'button') {
      console.error('widget.js: a captcha needs an element to be shown in; there is no invisible captcha');
      return;
    }
    const option = name => options[name] ?? container.dataset[name.replace(/-./g, dash => dash[1].toUpperCase())];
    const call = (name, ...values) => {
      const callback = option(name);
      (typeof callback == 'string' ? callback.split('.').reduce((scope, part) => scope?.[part], globalThis) : callback)?.(...values);
    };
    const widget = document.createElement('mini-captcha');
    const settings = { service: new URL('.', address).href, 'id-name': '', 'text-name': '' };
    const language = parameters.get('hl') ?? option('language') ?? option('hl');
    if (language) settings.lang = language;
    if (/^(light|dark)$/.test(option('theme'))) settings.theme = option('theme');
    for (const name in settings) widget.setAttribute(name, settings[name]);
    const field = document.createElement('textarea');
    field.name = option('response-field-name') ?? `${className}-response`;
    field.id = field.name + (number ? `-${number}` : '');
    field.hidden = true;
    let reported = '';
    const update = () => {
      field.value = widget.response ?? '';
      const isWhole = widget.length <= (widget.value ?? '').trim().length;
      if (isWhole && field.value && field.value != reported) call('callback', reported = field.value);
    };
    widget.addEventListener('input', update);
    widget.addEventListener('load', () => {
      if (reported) call('expired-callback');
      reported = '';
      update();
    });
    widget.addEventListener('error', () => { update(); call('error-callback'); });
    // When the form is sent, however the text came into the field.
    container.closest('form')?.addEventListener('submit', update, true);
    container.closest('form')?.addEventListener('formdata', event => {
      update();
      if (event.formData.has(field.name)) event.formData.set(field.name, field.value);
    });
    rendered.push({ container, widget, field });
    container.replaceChildren(widget, field);
    return result;
  }

  globalThis[object] = {
    render,
    getResponse: place => get(place)?.widget.response ?? '',
    reset: place => { get(place)?.widget.renew(); },
    remove: place => { get(place)?.container.replaceChildren(); },
    ready: callback => callback(),
  };

  const begin = () => {
    if (parameters.get('render') != 'explicit') for (const element of document.querySelectorAll(`.${className}`)) render(element);
    globalThis[parameters.get('onload')]?.();
  };
  const script = document.createElement('script');
  script.src = address;
  script.nonce = own.nonce;
  script.onload = () => document.readyState == 'loading' ? document.addEventListener('DOMContentLoaded', begin) : begin();
  document.head.append(script);
})();
