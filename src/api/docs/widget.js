// <mini-captcha>: a picture to read, a field to type into, and both in the form around them.
// It never judges: the form's backend asks the service whether the text is right.
(() => {
  if (customElements.get('mini-captcha')) return;
  // The service is where this script comes from.
  const service = new URL('.', document.currentScript.src);
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');

  // What it says, each to be replaced by the attribute of the same name.
  const words = {
    label: 'Type the characters in the picture',
    alt: 'Picture of characters to type',
    renew: 'Another picture',
    retry: 'Try again',
    missing: 'Please type the characters in the picture.',
    expired: 'The picture had expired. Here is a new one.',
    unreachable: 'The picture cannot be loaded.',
  };

  // A sheet like this one is not in the way of a page's content security policy.
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { display: inline-block; width: 20em; max-width: 100%; font: inherit }
    img, input, button { box-sizing: border-box; border-radius: var(--mini-captcha-radius, .4em) }
    img { display: block; width: 100%; aspect-ratio: auto 3; background: #8883 }
    label { display: block; margin: .5em 0 .25em }
    div { display: flex; gap: .5em }
    input, button { font: inherit; color: inherit; padding: .4em .6em; background: var(--mini-captcha-background, #8881);
      border: 1px solid var(--mini-captcha-border, #888) }
    input { flex: 1; min-width: 0 }
    button { cursor: pointer }
    :focus-visible { outline: 2px solid var(--mini-captcha-accent, currentColor); outline-offset: 1px }
    p { margin: .25em 0 0 }
    :host([hidden]), [hidden] { display: none }
  `);

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  customElements.define('mini-captcha', class extends HTMLElement {
    static formAssociated = true;
    static observedAttributes = [...Object.keys(words), 'theme', 'id-name', 'text-name'];

    #internals = this.attachInternals();
    #image = make('img', { part: 'image' });
    #field = make('input', { part: 'field', id: 'field', autocomplete: 'off', autocapitalize: 'off', spellcheck: false, required: true });
    #label = make('label', { part: 'label', htmlFor: 'field' });
    #button = make('button', { part: 'button', type: 'button' });
    #status = make('p', { part: 'status', role: 'status' });
    #id = '';
    #failed = false;
    #turn = 0;
    #timer;

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
      root.adoptedStyleSheets = [style];
      root.append(this.#image, this.#label, make('div', {}, this.#field, this.#button), this.#status);
      this.#field.oninput = () => this.#update();
      // Within a shadow tree, Enter does not reach the form by itself.
      this.#field.onkeydown = event => { if (event.key == 'Enter' && !event.isComposing) this.form?.requestSubmit(); };
      this.#button.onclick = () => this.renew();
    }

    get form() { return this.#internals.form; }
    get validity() { return this.#internals.validity; }
    get validationMessage() { return this.#internals.validationMessage; }
    get willValidate() { return this.#internals.willValidate; }
    checkValidity() { return this.#internals.checkValidity(); }
    reportValidity() { return this.#internals.reportValidity(); }

    connectedCallback() {
      prefersDark.addEventListener('change', this.#restyle);
      addEventListener('pageshow', this.#return);
      this.#load();
    }
    disconnectedCallback() {
      prefersDark.removeEventListener('change', this.#restyle);
      removeEventListener('pageshow', this.#return);
      document.removeEventListener('visibilitychange', this.#expire);
      clearTimeout(this.#timer);
      this.#turn++;
    }
    attributeChangedCallback(name) {
      if (name == 'theme' && this.#id) this.#restyle();
      this.#update();
    }
    formDisabledCallback(disabled) { this.#field.disabled = this.#button.disabled = disabled; }
    formResetCallback() { this.#load(); }

    /** Shows another picture. */
    renew() { return this.#load(); }

    // What has been typed belongs to the picture that it was read from.
    #restyle = () => this.#field.value || this.#load();
    // A page that comes back as it was left has a captcha that may be used up.
    #return = event => event.persisted && this.#load();
    // Nobody looks at a hidden page: it need not ask for pictures.
    #expire = () => document.hidden
      ? document.addEventListener('visibilitychange', this.#expire, { once: true })
      : this.#load(this.#word('expired'));

    async #load(message = '') {
      const turn = ++this.#turn;
      clearTimeout(this.#timer);
      const theme = this.getAttribute('theme') ?? (prefersDark.matches ? 'dark' : 'light');
      let captcha;
      try {
        const answer = await fetch(new URL('api/captcha/generate/?theme=' + theme, service), {
          method: 'POST',
          headers: { Accept: 'application/json' },
          signal: AbortSignal.timeout(10_000),
        });
        if (answer.ok) captcha = await answer.json();
      } catch {}
      if (turn != this.#turn) return;
      this.#failed = !captcha;
      this.#id = captcha?.id ?? '';
      this.#image.hidden = !captcha;
      this.#field.value = '';
      if (captcha) {
        this.#image.src = captcha.image;
        // Early enough for a form that is sent just before the end.
        this.#timer = setTimeout(this.#expire, captcha.expires_in * 900);
      }
      this.#status.textContent = captcha ? message : this.#word('unreachable');
      this.#update();
    }

    #word(name) { return this.getAttribute(name) ?? words[name]; }

    // Brings the words and what the form sees up to date.
    #update() {
      this.#label.textContent = this.#word('label');
      this.#image.alt = this.#word('alt');
      this.#button.textContent = this.#word(this.#failed ? 'retry' : 'renew');
      const text = this.#field.value;
      const data = new FormData();
      data.append(this.getAttribute('id-name') ?? 'captcha-id', this.#id);
      data.append(this.getAttribute('text-name') ?? 'captcha-text', text);
      this.#internals.setFormValue(data);
      if (this.#failed) this.#internals.setValidity({ customError: true }, this.#word('unreachable'), this.#button);
      else if (!text) this.#internals.setValidity({ valueMissing: true }, this.#word('missing'), this.#field);
      else this.#internals.setValidity({});
    }
  });
})();
