// The page at /docs: shows the signatures of the loaded models and tries a prediction. Model and tensor names
// are text from outside and only ever become text nodes.
import { SNIPPETS } from './snippets.js';

const template = document.querySelector('#model');
const list = document.querySelector('#models');
/** What the phases of a Server-Timing header are. */
const PHASES = {
  read: 'receiving the request',
  decode: 'reading it',
  queue: 'waiting for its turn',
  compute: 'the model itself',
  encode: 'writing the answer',
};

function shapeText(shape) {
  if (shape === null) return 'any shape';
  return shape.length === 0 ? 'a single value' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`;
}

function fillTable(table, tensors) {
  table.replaceChildren();
  const head = table.createTHead().insertRow();
  for (const text of ['name', 'type', 'shape']) {
    const cell = document.createElement('th');
    cell.textContent = text;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const { name, dtype, shape } of tensors) {
    const row = body.insertRow();
    for (const text of [name, dtype, shapeText(shape)]) row.insertCell().textContent = text;
  }
}

/** Lists of plain values on one line, everything around them indented: tensors stay readable. */
function layOut(value, indent = '') {
  const isPlain = (each) => each === null || typeof each !== 'object';
  if (isPlain(value) || (Array.isArray(value) && value.every(isPlain))) {
    return JSON.stringify(value).replaceAll(',', ', ');
  }
  const deeper = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = Object.entries(value).map(
    ([name, each]) => `${deeper}${isList ? '' : `${JSON.stringify(name)}: `}${layOut(each, deeper)}`,
  );
  if (parts.length === 0) return isList ? '[]' : '{}';
  return `${isList ? '[' : '{'}\n${parts.join(',\n')}\n${indent}${isList ? ']' : '}'}`;
}

/** The answer as it reads best. NaN and infinities, which are no JSON, leave it as it came. */
function layOutText(text) {
  try {
    const isExact = !/\d{16}/.test(text);
    return isExact ? layOut(JSON.parse(text)) : text;
  } catch {
    return text;
  }
}

function showTiming(place, header) {
  const phases = (header ?? '').split(', ').map((part) => part.split(';dur='));
  const rows = phases.filter(([name]) => name in PHASES);
  place.replaceChildren(
    rows.length > 0 ? 'On the server:' : '',
    ...rows.map(([name, ms]) => {
      const item = document.createElement('span');
      item.textContent = `${name} ${Number(ms).toFixed(2)} ms`;
      item.title = PHASES[name];
      return item;
    }),
  );
}

async function copy(button, source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = 'Copied';
  } catch {
    // Without TLS browsers keep the clipboard away from pages: at least it is marked.
    getSelection().selectAllChildren(source);
    button.textContent = 'Marked: press Ctrl + C';
  }
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 2000);
}

/** One model's card. */
class Card {
  constructor(model) {
    this.model = model;
    this.section = template.content.cloneNode(true).firstElementChild;
    this.section.dataset.model = model.name;
    this.part('name').textContent = model.name;
    this.part('version').textContent = `version ${model.version}`;
    this.snippet = Object.keys(SNIPPETS)[0];
    for (const { name } of model.signatures) this.part('signature').add(new Option(name));
    const preferred = model.signatures.findIndex(({ name }) => name === 'serving_default');
    this.part('signature').selectedIndex = Math.max(preferred, 0);
    this.listen();
    if (model.signatures.length > 0) this.showSignature();
  }

  part(name) {
    return this.section.querySelector(`.${name}`);
  }

  get signature() {
    return this.model.signatures[this.part('signature').selectedIndex];
  }

  get url() {
    return new URL(
      `v1/models/${encodeURIComponent(this.model.name)}:${this.signature.api}`,
      document.baseURI,
    );
  }

  listen() {
    this.part('signature').addEventListener('change', () => this.showSignature());
    this.part('sample').addEventListener('click', () => this.showSample());
    this.part('body').addEventListener('input', () => this.showBody());
    this.part('body').addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.predict();
    });
    this.section.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.predict();
    });
    this.part('copy').addEventListener('click', () => copy(this.part('copy'), this.part('code')));
    for (const name of Object.keys(SNIPPETS)) {
      const tab = document.createElement('button');
      tab.type = 'button';
      tab.role = 'tab';
      tab.textContent = name;
      tab.addEventListener('click', () => {
        this.snippet = name;
        this.showBody();
      });
      this.part('tabs').append(tab);
    }
  }

  showSignature() {
    const { inputs, outputs, refusal } = this.signature;
    fillTable(this.part('inputs'), inputs);
    fillTable(this.part('outputs'), outputs);
    this.part('refusal').hidden = refusal === undefined;
    this.part('refusal').textContent = refusal ?? '';
    this.part('primary').disabled = refusal !== undefined;
    this.part('result').hidden = true;
    this.part('path').textContent = `POST ${this.url.pathname}`;
    this.part('shape-note').hidden = ![...inputs, ...outputs].some(({ shape }) => shape?.includes(null));
    this.showSample();
  }

  showSample() {
    const { sample } = this.signature;
    this.part('body').value = sample === undefined ? '{"instances": []}' : layOut(sample);
    this.showBody();
    if (sample === undefined)
      this.part('hint').textContent =
        'A sample of this size would be too long to show: fill in your own values.';
    else if ('examples' in sample)
      this.part('hint').textContent =
        'Name the features that the model was trained on in place of feature_name.';
  }

  /** What follows from the body: whether it can be read, and the calls that send it. */
  showBody() {
    const { value } = this.part('body');
    let compact = value;
    try {
      compact = JSON.stringify(JSON.parse(value));
      this.part('hint').textContent = '';
    } catch (error) {
      this.part('hint').textContent = `This is no JSON yet: ${error.message}`;
    }
    this.part('code').textContent = SNIPPETS[this.snippet](this.url.href, compact);
    for (const tab of this.part('tabs').children)
      tab.setAttribute('aria-selected', String(tab.textContent === this.snippet));
  }

  async predict() {
    const button = this.part('primary');
    if (button.disabled) return;
    button.disabled = true;
    const startMs = performance.now();
    try {
      const headers = { 'content-type': 'application/json', 'x-tfdeploy-timing': '1' };
      const response = await fetch(this.url, { method: 'POST', body: this.part('body').value, headers });
      const text = await response.text();
      this.showAnswer(response.ok, `${response.status} ${response.statusText}`, text);
      showTiming(this.part('timing'), response.headers.get('server-timing'));
    } catch (error) {
      this.showAnswer(false, 'no answer', String(error));
      showTiming(this.part('timing'), '');
    }
    this.part('total').textContent = `${(performance.now() - startMs).toFixed(1)} ms from here and back`;
    button.disabled = false;
  }

  showAnswer(isGood, status, text) {
    this.part('result').hidden = false;
    this.part('status').textContent = status;
    this.part('status').classList.toggle('good', isGood);
    this.part('status').classList.toggle('bad', !isGood);
    this.part('answer').classList.toggle('bad', !isGood);
    this.part('answer').textContent = layOutText(text);
  }
}

function note(text) {
  const paragraph = document.createElement('p');
  paragraph.className = 'quiet';
  paragraph.textContent = text;
  list.replaceChildren(paragraph);
}

async function showReadiness() {
  const badge = document.querySelector('#ready');
  const { ok } = await fetch('readyz');
  badge.textContent = ok ? 'ready' : 'not ready';
  badge.classList.add(ok ? 'good' : 'bad');
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
}

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
setTheme(prefersDark.matches ? 'dark' : 'light');
prefersDark.addEventListener('change', ({ matches }) => setTheme(matches ? 'dark' : 'light'));
document.querySelector('#theme').addEventListener('click', () => {
  setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
});

try {
  const response = await fetch('openapi.json');
  const { 'x-models': models } = await response.json();
  if (models.length === 0) note('No model is loaded yet. Load this page again in a moment.');
  else list.replaceChildren(...models.map((model) => new Card(model).section));
  await showReadiness();
} catch (error) {
  note(`The server does not answer: ${error.message}`);
}
