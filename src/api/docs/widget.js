// <mini-captcha>: shows a picture or plays a sound, and adds its id and what the visitor types to the form around it.
// It does not check the answer: the form's backend does that.
(() => {
  if (customElements.get('mini-captcha')) return;
  // The address of the service is that of widget.js. In a module there is no currentScript, but the stack has it.
  const [home] = (document.currentScript?.src || Error().stack).match(/https?:\/\/[^\s?#]*\/(?=widget\.js)/) ?? [];
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');

  // The texts, each of which the attribute of the same name replaces. # is the number of characters, or the language
  // of the voice if that is not the widget's.
  const names = ['label', 'alt', 'renew', 'retry', 'expired', 'renewed', 'unreachable',
    'sound-label', 'listen', 'play', 'another', 'back'];
  const languages = {
    en: 'Type the # large outlined characters. Upper or lower case does not matter.|Picture of characters to type|Another picture|Try again|The time is up.|Here is a new picture.|Loading failed.|Type the digits (#) that you hear.|Listen instead|Play|Another sound|Back to the picture',
    de: 'Die # großen umrandeten Zeichen eintippen. Groß oder klein ist egal.|Bild mit Zeichen zum Abtippen|Anderes Bild|Noch einmal|Die Zeit ist um.|Hier ist ein neues Bild.|Laden fehlgeschlagen.|Die gehörten Ziffern (#) eintippen.|Anhören|Abspielen|Andere Ansage|Zurück zum Bild',
    fr: 'Saisissez les # grands caractères en contour, en majuscules ou en minuscules.|Image de caractères à saisir|Autre image|Réessayer|Le temps est écoulé.|Voici une nouvelle image.|Échec du chargement.|Saisissez les chiffres entendus (#).|Écouter|Lire|Autre son|Retour à l’image',
    es: 'Escriba los # caracteres grandes con contorno, en mayúsculas o minúsculas.|Imagen de caracteres|Otra imagen|Reintentar|Se acabó el tiempo.|Aquí hay una imagen nueva.|No se pudo cargar.|Escriba las cifras que oiga (#).|Escuchar|Reproducir|Otro sonido|Volver a la imagen',
    it: 'Digita i # caratteri grandi con contorno, in maiuscolo o minuscolo.|Immagine di caratteri|Altra immagine|Riprova|Tempo scaduto.|Ecco una nuova immagine.|Caricamento non riuscito.|Digita le cifre che senti (#).|Ascolta|Riproduci|Altro suono|Torna all’immagine',
    pt: 'Digite os # caracteres grandes com contorno, em maiúsculas ou minúsculas.|Imagem de caracteres|Outra imagem|Tentar de novo|O tempo acabou.|Aqui está uma nova imagem.|Falha ao carregar.|Digite os algarismos que ouvir (#).|Ouvir|Reproduzir|Outro som|Voltar à imagem',
    nl: 'Typ de # grote omlijnde tekens. Hoofdletters of kleine letters maakt niet uit.|Afbeelding van tekens|Andere afbeelding|Opnieuw|De tijd is om.|Hier is een nieuwe afbeelding.|Laden mislukt.|Typ de cijfers die u hoort (#).|Luisteren|Afspelen|Ander geluid|Terug naar de afbeelding',
    pl: 'Wpisz duże znaki z konturem (#). Wielkość liter nie ma znaczenia.|Obrazek ze znakami|Inny obrazek|Spróbuj ponownie|Czas minął.|Oto nowy obrazek.|Nie udało się wczytać.|Wpisz usłyszane cyfry (#).|Posłuchaj|Odtwórz|Inne nagranie|Wróć do obrazka',
    ru: 'Введите крупные контурные символы (#). Регистр не важен.|Картинка с символами|Другая картинка|Повторить|Время вышло.|Вот новая картинка.|Не удалось загрузить.|Введите услышанные цифры (#).|Прослушать|Воспроизвести|Другая запись|К картинке',
    tr: 'Konturlu # büyük karakteri yazın. Büyük veya küçük harf fark etmez.|Karakter resmi|Başka resim|Yeniden dene|Süre doldu.|İşte yeni bir resim.|Yüklenemedi.|Duyduğunuz rakamları yazın (#).|Dinle|Oynat|Başka ses|Resme dön',
    ja: '縁取りされた大きな文字(#)を入力してください。大文字と小文字は区別しません。|文字の画像|別の画像|再試行|時間切れです。|新しい画像です。|読み込めません。|聞こえた数字(#)を入力してください。|音声を聞く|再生|別の音声|画像に戻る',
    zh: '请输入带轮廓的大字符(#)，不区分大小写。|字符图片|换一张图片|重试|时间已到。|这是新图片。|无法加载。|请输入听到的数字(#)。|听语音|播放|换一段语音|返回图片',
    ar: 'اكتب الرموز الكبيرة المفرغة (#). لا فرق بين الأحرف الكبيرة والصغيرة.|صورة رموز|صورة أخرى|إعادة المحاولة|انتهى الوقت.|هذه صورة جديدة.|تعذر التحميل.|اكتب الأرقام التي تسمعها (#).|استماع|تشغيل|صوت آخر|العودة إلى الصورة',
  };
  const blocksSubmission = /^(text|search|tel|url|email|password|date|month|week|time|datetime-local|number)$/;

  // A constructed style sheet is allowed by every content security policy.
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { display: inline-block; width: 20em; max-width: 100%; font: inherit }
    section { position: relative; container-type: inline-size; outline: 0 solid Canvas; transition: outline-color 1ms }
    img, input, button { box-sizing: border-box; border-radius: var(--mini-captcha-radius, .4em) }
    img { display: block; width: 100%; aspect-ratio: auto 3; visibility: hidden }
    span { display: block; background: #8883; border-radius: var(--mini-captcha-radius, .4em) }
    .shown { visibility: visible }
    label { display: block; margin: .5em 0 .25em }
    div { display: flex; flex-wrap: wrap; gap: .5em }
    input, button { font: inherit; color: inherit; padding: .4em .6em; background: var(--mini-captcha-background, #8881);
      border: 1px solid var(--mini-captcha-border, #888) }
    input { flex: 1 7em; min-width: 0 }
    button { cursor: pointer }
    [aria-pressed=true] { box-shadow: inset 0 0 0 2px }
    :disabled { opacity: .6; cursor: default }
    :focus-visible { outline: 2px solid var(--mini-captcha-accent, currentColor); outline-offset: 1px }
    p { margin: .25em 0 0 }
    p:empty { margin: 0 }
    [aria-invalid] { border-color: #d33 }
    .quiet { position: absolute; clip-path: inset(50%) }
    @container (width < 20em) {
      span { margin-top: 1em }
      input { flex-basis: 100% }
      .over { position: absolute; inset: 0 .3em auto auto; width: 1.9em; height: 1.9em; padding: 0; overflow: hidden;
        background: Canvas; color: CanvasText }
      .over::before { content: '↻'; content: '↻' / ''; display: block; font: 1.4em/1.25 sans-serif; height: 2em }
    }
    [hidden], :host([hidden]) { display: none }
  `);

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.append(...children);
    return element;
  };

  customElements.define('mini-captcha', class extends HTMLElement {
    static formAssociated = true;
    static observedAttributes = [...names, 'missing', 'error', 'lang', 'theme', 'service', 'name', 'id-name', 'text-name'];

    #internals = this.attachInternals();
    #image = make('img', { part: 'image' });
    // The field is not for correction, translation and password managers.
    #field = make('input', {
      part: 'field', id: 'field', 'aria-describedby': 'status', 'aria-required': true, dir: 'ltr', translate: 'no', autocomplete: 'off',
      autocapitalize: 'none', autocorrect: 'off', spellcheck: false, 'data-1p-ignore': '', 'data-lpignore': true,
      'data-bwignore': '', 'data-form-type': 'other',
    });
    #label = make('label', { part: 'label', for: 'field' });
    #button = make('button', { part: 'button', type: 'button' });
    #play = make('button', { part: 'button', type: 'button' });
    #switch = make('button', { part: 'button', type: 'button' });
    #status = make('p', { part: 'status', id: 'status', role: 'status' });
    #main = make('section', {}, make('span', {}, this.#image), this.#label,
      make('div', {}, this.#field, this.#play, this.#button, this.#switch), this.#status);
    #observer = new IntersectionObserver(entries => {
      this.#seen = entries.at(-1).isIntersecting;
      this.#look();
    }, { rootMargin: '200px' });
    #listeners;
    #seen = false;
    #id = '';
    // The last JSON of the service, which describes its sounds as well.
    #captcha = {};
    // Whether there is a sound instead of the picture; the sound, its language, and what plays it at the moment.
    #listens = false;
    #sound;
    #voice = 'en';
    #speaker;
    #expires;
    #theme;
    #timer;
    #message = '';
    // Why there is no captcha.
    #failure = '';
    #busy = false;
    // Number of the current captcha; responses for earlier ones are ignored.
    #turn = 0;

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
      root.adoptedStyleSheets = [style];
      root.append(this.#main);
      this.#main.ontransitionend = this.#restyle;
      this.#field.oninput = () => { this.removeAttribute('error'); this.#update(); };
      this.#field.onchange = () => this.dispatchEvent(new Event('change', { bubbles: true }));
      this.#field.onkeypress = event => { if (event.key == 'Enter') this.#submit(); };
      this.#button.onclick = () => this.#show(this.renew());
      this.#switch.onclick = () => {
        this.#listens = !this.#listens;
        this.#show(this.renew());
      };
      this.#play.onclick = () => this.#speaker ? this.#mute() : this.#show(this.#sound ?? this.renew());
      // While the sound plays, the button has the focus; a digit goes to the field.
      this.#play.onkeydown = ({ key }) => { if (/^\d$/.test(key)) this.#field.focus(); };
    }

    get form() { return this.#internals.form; }
    get labels() { return this.#internals.labels; }
    get validity() { return this.#internals.validity; }
    get validationMessage() { return this.#internals.validationMessage; }
    get willValidate() { return this.#internals.willValidate; }
    checkValidity() { return this.#internals.checkValidity(); }
    reportValidity() { return this.#internals.reportValidity(); }
    /** How many characters the picture has. */
    get length() { return this.#captcha.length; }
    /** Whether there is a sound to hear instead of the picture. */
    get sound() { return this.#listens; }
    set sound(sound) { if (sound != this.#listens) this.#switch.click(); }
    get name() { return this.getAttribute('text-name') ?? this.getAttribute('name') ?? 'captcha-text'; }
    set name(name) { this.setAttribute('name', name); }
    get disabled() { return this.hasAttribute('disabled'); }
    set disabled(disabled) { this.toggleAttribute('disabled', disabled); }
    get value() { return this.#field.value; }
    set value(text) { this.#field.value = text; this.#update(); }
    /** Id and text in one string, empty if either is missing. */
    get response() { return this.#id && this.value && `${this.#id}.${this.value}`; }
    /** Shows another picture. */
    renew() { return this.#discard(this.#renewed) ?? this.#load(); }

    connectedCallback() {
      this.#listeners = new AbortController();
      const { signal } = this.#listeners;
      prefersDark.addEventListener('change', this.#restyle, { signal });
      for (const type of ['focusin', 'focus', 'visibilitychange', 'pageshow', 'online']) addEventListener(type, this.#look, { signal });
      this.#observer.observe(this);
      this.#update();
    }
    disconnectedCallback() {
      this.#listeners.abort();
      this.#observer.disconnect();
      this.#mute();
    }
    attributeChangedCallback(name) {
      this.#update();
      if (this.isConnected && (name == 'service' || name == 'theme' && this.#theme != this.#wantedTheme())) this.#discard();
    }
    formDisabledCallback(disabled) {
      for (const control of [this.#field, this.#play, this.#button, this.#switch]) control.disabled = disabled;
    }
    formResetCallback() { this.#discard(this.#renewed); }

    // In a shadow tree Enter does not submit the form: this is the implicit submission of HTML.
    #submit() {
      const { form } = this;
      const controls = form ? [...form.getRootNode().querySelectorAll('button, input')].filter(control => control.form == form) : [];
      const button = controls.find(({ type }) => type == 'submit' || type == 'image');
      if (button) button.click();
      else if (!controls.some(({ type }) => blocksSubmission.test(type))) form?.requestSubmit();
    }

    // Sounds have no theme.
    #wantedTheme() {
      if (this.#listens) return this.#theme;
      const scheme = getComputedStyle(this).colorScheme;
      const dark = /dark/.test(scheme);
      return this.getAttribute('theme') || ((dark == /light/.test(scheme) ? prefersDark.matches : dark) ? 'dark' : 'light');
    }

    // A picture stays once the visitor has typed something.
    #restyle = () => !this.value && (this.#id || this.#busy) && this.#theme != this.#wantedTheme() && this.#discard();

    // Called when a button is pressed, so that browsers allow a sound.
    async #show(captcha) {
      const speaker = this.#speaker = this.#listens ? new AudioContext() : null;
      await captcha;
      if (speaker != this.#speaker) return;
      if (!this.#id) return this.#mute();
      if (speaker) {
        const source = new AudioBufferSourceNode(speaker, { buffer: this.#sound });
        source.connect(speaker.destination);
        source.onended = () => {
          if (speaker != this.#speaker) return;
          this.#mute();
          // The focus moves only now, so that no screen reader speaks while the sound plays.
          if (this.#play.matches(':focus')) this.#field.focus();
        };
        source.start();
        this.#update();
      }
      if (this.matches(':focus-within') || document.activeElement == document.body) (speaker ? this.#play : this.#field).focus();
    }

    #mute() {
      this.#speaker?.close();
      this.#speaker = null;
      this.#update();
    }

    // Discards the captcha. A new one is loaded when it is needed.
    #discard(message = '') {
      this.#turn++;
      this.#busy = false;
      this.#sound = null;
      this.#id = this.#failure = this.#field.value = '';
      this.#message = message;
      this.#mute();
      return this.#look();
    }

    // Loads or renews the captcha if necessary: when the widget becomes visible, when the captcha has expired, or when
    // the browser returns to a page whose captcha may have been used.
    #look = event => {
      if (event?.persisted || event?.type == 'online' && this.#failure) return this.#discard();
      if (this.#id && this.#expires <= Date.now()) return this.#discard(this.#word('expired') + ' ' + this.#renewed);
      const isUsed = this.#seen || this.form?.matches(':focus-within');
      if (this.isConnected && isUsed && !document.hidden && !this.#id && !this.#busy && !this.#failure) return this.#load();
    };

    async #load() {
      const turn = this.#turn;
      const theme = this.#theme = this.#wantedTheme();
      const service = this.getAttribute('service')?.replace(/\/?$/, '/') ?? home;
      const listens = this.#listens;
      this.#busy = true;
      let captcha, sound;
      try {
        const answer = service && await fetch(new URL('api/captcha/generate/?' + (listens ? 'lang=' + this.#language : 'theme=' + theme), new URL(service, document.baseURI)), {
          method: 'POST',
          headers: { Accept: listens ? 'audio/wav' : 'application/json' },
          credentials: 'omit',
          signal: AbortSignal.timeout(10_000),
        });
        const { headers } = answer;
        if (answer.ok) captcha = listens ? { ...this.#captcha, id: headers.get('captcha-id') } : await answer.json();
        if (listens) sound = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(await answer.arrayBuffer());
        if (turn != this.#turn) return;
        if (listens) [this.#sound, this.#voice] = [sound, headers.get('content-language')];
        else await new Promise((onload, onerror) => Object.assign(this.#image, { onload, onerror, src: captcha.image }));
      } catch { captcha = null; }
      if (turn != this.#turn) return;
      this.#busy = false;
      if (captcha) {
        this.#id = captcha.id;
        this.#captcha = captcha;
        // Early enough for a form that is sent just before the captcha expires.
        this.#expires = Date.now() + captcha.expires_in * 900;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(this.#look, captcha.expires_in * 900);
      } else {
        this.#failure = service ? this.#word('unreachable') : 'Where is the service? Set the attribute "service" of mini-captcha.';
      }
      this.#update();
      this.dispatchEvent(new Event(captcha ? 'load' : 'error'));
    }

    get #language() {
      let node = this;
      while (node && !node.lang) node = node.parentNode ?? node.host;
      const [language] = (node?.lang ?? '').toLowerCase().split('-');
      return languages[language] ? language : 'en';
    }

    get #renewed() { return this.#listens ? '' : this.#word('renewed'); }

    #word(name) { return this.getAttribute(name) ?? languages[this.#language].split('|')[names.indexOf(name)]; }

    // Updates the texts, and the value and validity in the form.
    #update() {
      const isArabic = this.#language == 'ar';
      const listens = this.#listens;
      const { length, audio, digits } = this.#captcha;
      const detail = !listens ? length : this.#voice != this.#language && new Intl.DisplayNames(this.#language, { type: 'language' }).of(this.#voice);
      const label = this.#word(listens ? 'sound-label' : 'label').replace(/ ?\(?#\)?/, place => detail ? place.replace('#', detail) : '');
      const error = this.getAttribute('error');
      const said = this.#failure || error || this.#id && this.#message;
      this.#main.lang = this.#language;
      this.#main.dir = isArabic ? 'rtl' : 'ltr';
      this.#label.textContent = label;
      // A label around or for the widget also labels the field.
      this.#field.ariaLabel = this.labels.length ? [...this.labels].map(outer => outer.textContent.trim()).concat(label).join(' ') : null;
      this.#field.ariaInvalid = error ? 'true' : null;
      this.#image.alt = this.#word('alt');
      this.#image.className = this.#id && 'shown';
      this.#image.parentNode.hidden = listens;
      this.#play.hidden = !listens;
      this.#play.textContent = this.#word(this.#failure ? 'retry' : 'play');
      this.#play.ariaPressed = !!this.#speaker;
      this.#button.hidden = listens && this.#failure;
      this.#button.className = listens ? '' : 'over';
      this.#button.textContent = this.#word(listens ? 'another' : this.#failure ? 'retry' : 'renew');
      this.#switch.hidden = !listens && !audio;
      this.#switch.textContent = this.#word(listens ? 'back' : 'listen');
      if (listens || digits) this.#field.inputMode = 'numeric';
      else this.#field.removeAttribute('inputmode');
      if (this.#status.textContent != said) this.#status.textContent = said;
      this.#status.className = said == this.#word('renewed') ? 'quiet' : '';
      const data = new FormData();
      const idName = this.getAttribute('id-name') ?? 'captcha-id';
      if (idName) data.append(idName, this.#id);
      if (this.name) data.append(this.name, this.value);
      this.#internals.setFormValue(data);
      if (this.#failure || error) this.#internals.setValidity({ customError: true }, said, this.#failure ? listens ? this.#play : this.#button : this.#field);
      else if (!this.response) this.#internals.setValidity({ valueMissing: true }, this.getAttribute('missing') ?? label, this.#field);
      else this.#internals.setValidity({});
    }
  });
})();
