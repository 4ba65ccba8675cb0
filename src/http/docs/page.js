// The page at /docs: shows the signatures of the loaded models and tries a prediction. Model and tensor names
// are text from outside and only ever become text nodes.

const template = document.querySelector('#model');
const list = document.querySelector('#models');

function shapeText(shape) {
  return shape === null ? 'any shape' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`;
}

function fillTable(table, tensors) {
  table.tBodies[0]?.remove();
  const body = table.createTBody();
  for (const { name, dtype, shape } of tensors) {
    const row = body.insertRow();
    for (const text of [name, dtype, shapeText(shape)]) row.insertCell().textContent = text;
  }
}

function quoteForShell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function showModel(model) {
  const section = template.content.cloneNode(true).firstElementChild;
  const part = (name) => section.querySelector(`.${name}`);
  const url = new URL(`v1/models/${encodeURIComponent(model.name)}:predict`, document.baseURI);
  section.querySelector('h2').textContent = `${model.name}, version ${model.version}`;
  section.dataset.model = model.name;
  const choose = part('signature');
  for (const { name } of model.signatures) choose.add(new Option(name));

  const showCommand = () => {
    part('curl').textContent =
      `curl -X POST ${quoteForShell(url.href)} -d ${quoteForShell(part('body').value)}`;
  };
  const showSignature = () => {
    const signature = model.signatures[choose.selectedIndex];
    fillTable(part('inputs'), signature.inputs);
    fillTable(part('outputs'), signature.outputs);
    part('refusal').hidden = signature.refusal === undefined;
    part('refusal').textContent = signature.refusal ?? '';
    part('body').value = signature.sample === undefined ? '' : JSON.stringify(signature.sample);
    part('answer').hidden = true;
    part('status').textContent = '';
    showCommand();
  };
  const preferred = model.signatures.findIndex(({ name }) => name === 'serving_default');
  choose.selectedIndex = Math.max(preferred, 0);
  choose.addEventListener('change', showSignature);
  part('body').addEventListener('input', showCommand);
  section.querySelector('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const status = part('status');
    const answer = part('answer');
    status.textContent = '…';
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: part('body').value,
        headers: { 'x-tfdeploy-timing': '1' },
      });
      answer.textContent = await response.text();
      status.textContent = `${response.status} ${response.headers.get('server-timing') ?? ''}`;
      answer.classList.toggle('failed', !response.ok);
    } catch (error) {
      answer.textContent = String(error);
      status.textContent = 'failed';
      answer.classList.add('failed');
    }
    answer.hidden = false;
  });
  if (model.signatures.length > 0) showSignature();
  return section;
}

const response = await fetch('openapi.json');
const { 'x-models': models } = await response.json();
list.replaceChildren(...models.map(showModel));
if (models.length === 0) list.textContent = 'No model is loaded yet.';
