// The page: two forms, one profile. The token lives for this tab only, and for 15 minutes.

const tokenKey = 'token';
const tries = 3;

const element = (id) => document.getElementById(id);

/** Answers of 502 and 503 pass: what is asked may be asked again, registrations included. */
async function ask(path, { method = 'GET', body } = {}) {
  const headers = {};
  const token = sessionStorage.getItem(tokenKey);
  if (token !== null) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  for (let turn = 1; ; turn += 1) {
    const answer = await fetch(path, { method, headers, body: JSON.stringify(body) }).catch(
      () => null,
    );
    const passes = answer === null || answer.status === 502 || answer.status === 503;
    if (passes && turn < tries) {
      await new Promise((resolve) => setTimeout(resolve, turn * 500));
      continue;
    }
    if (answer === null) throw new Error('The server can’t be reached. Try again in a moment.');
    const content = await answer.json();
    if (answer.ok) return content;
    if (answer.status === 401 && token !== null) showOutside();
    throw new Error(messageFor(answer.status, content.error));
  }
}

function messageFor(status, error) {
  const messages = {
    NAME_TAKEN: 'This name is taken.',
    WRONG_CREDENTIALS: 'Wrong name or password.',
    TOO_MANY_ATTEMPTS: 'Too many attempts. Try again later.',
    TOKEN_INVALID: 'Please log in again.',
  };
  if (messages[error?.code] !== undefined) return messages[error.code];
  return status >= 500 ? 'The service has a problem. Try again in a moment.' : error?.message;
}

function notice(text, good = false) {
  const place = element('notice');
  place.textContent = text;
  place.classList.toggle('good', good);
  place.hidden = text === '';
}

function showForm(name) {
  for (const other of ['login', 'register']) {
    element(other).hidden = other !== name;
    element(`show-${other}`).setAttribute('aria-pressed', String(other === name));
  }
  notice('');
}

function showOutside() {
  sessionStorage.removeItem(tokenKey);
  element('outside').hidden = false;
  element('inside').hidden = true;
}

async function showInside() {
  const [profile, { error }] = await Promise.all([ask('/api/profile'), ask('/api/error')]);
  element('greeting').textContent = `Welcome, ${profile.displayName}`;
  element('profile-name').textContent = profile.name;
  element('profile-id').textContent = profile.id;
  element('profile-since').textContent = new Date(profile.createdAt).toLocaleString();
  element('latest-error').textContent =
    error === null
      ? 'none'
      : `${error.code} at ${error.instance}, ${error.count}×, last ` +
        `${new Date(error.lastSeen).toLocaleString()}: ${error.message}`;
  element('outside').hidden = true;
  element('inside').hidden = false;
}

/** Who is behind the page now: break something, and see it change. */
async function showServedBy() {
  const answer = await fetch('/api/served-by').catch(() => null);
  const { api, database } = answer?.ok ? await answer.json() : {};
  element('served-by').textContent =
    database === undefined
      ? 'The database is away.'
      : `Served by ${api} and ${database.instance}` +
        (database.epoch === null ? '' : `, epoch ${database.epoch}`);
  setTimeout(showServedBy, 1_000);
}

async function logIn({ name, password }) {
  const { token } = await ask('/api/login', { method: 'POST', body: { name, password } });
  sessionStorage.setItem(tokenKey, token);
  await showInside();
}

/** The id stays the same until it succeeds: asked twice, it is one registration. */
let requestId = newRequestId();

async function register({ name, displayName, password }) {
  const body = { requestId, name, displayName, password };
  await ask('/api/register', { method: 'POST', body });
  requestId = newRequestId();
  await logIn({ name, password });
}

/** `crypto.randomUUID` needs HTTPS or localhost; this works everywhere. */
function newRequestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

async function attempt(button, work) {
  button.disabled = true;
  notice('');
  try {
    await work();
  } catch (error) {
    notice(error.message);
  } finally {
    button.disabled = false;
  }
}

function onSubmit(id, work) {
  const form = element(id);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    void attempt(form.querySelector('button'), async () => {
      await work(fields);
      form.reset();
    });
  });
}

onSubmit('login', logIn);
onSubmit('register', register);
element('show-login').addEventListener('click', () => showForm('login'));
element('show-register').addEventListener('click', () => showForm('register'));
element('refresh').addEventListener('click', ({ target }) => attempt(target, showInside));
element('logout').addEventListener('click', () => {
  showOutside();
  notice('You are logged out.', true);
});

void showServedBy();
if (sessionStorage.getItem(tokenKey) !== null) {
  await showInside().catch((error) => notice(error.message));
}
