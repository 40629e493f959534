/** The console in Chromium, with what notes down in the page when something is seen. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { account, type Place } from './place.ts';

const limitMs = 30_000;

/**
 * Runs before the page's own scripts. What is in the document is seen when the frame after that is
 * on its way: then a task comes that was queued in that frame.
 *
 * - `loadedAt`: since the navigation began, when as many services as there are were seen.
 * - `seen(service, text)`: resolves with the wall-clock time when that row was seen with this text.
 * - `frames`: how long each frame took since they were last asked for.
 */
const notes = (services: number) => `
  const afterFrame = (then) => requestAnimationFrame(() => setTimeout(then));
  const rows = () => [...document.querySelectorAll('main tbody tr')];
  const waiting = new Set();
  globalThis.loadedAt = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('not all services were seen')), ${limitMs});
    waiting.add(() => {
      if (rows().length < ${services}) return false;
      afterFrame(() => resolve(performance.now()));
      return true;
    });
  });
  globalThis.seen = (service, text) => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(service + ' was not seen to be ' + text)), ${limitMs});
    const row = rows().find((one) => one.querySelector('th')?.textContent === service);
    waiting.add(() => {
      if (!row.textContent.includes(text)) return false;
      afterFrame(() => resolve(Date.now()));
      return true;
    });
  });
  new MutationObserver(() => {
    for (const look of waiting) if (look()) waiting.delete(look);
  }).observe(document, { childList: true, subtree: true, characterData: true });
  globalThis.frames = [];
  let last = 0;
  requestAnimationFrame(function frame(at) {
    if (last > 0) frames.push(at - last);
    last = at;
    requestAnimationFrame(frame);
  });
`;

export class Screen {
  readonly #browser: Browser;
  readonly #place: Place;

  private constructor(browser: Browser, place: Place) {
    this.#browser = browser;
    this.#place = place;
  }

  static async open(place: Place): Promise<Screen> {
    // Its own sandbox takes rights that root in a container lacks.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args,
      env: place.environment,
      // The benchmark's own end sees to it.
      ...{ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false },
    });
    return new Screen(browser, place);
  }

  get version(): string {
    return this.#browser.version();
  }

  /** A page of somebody who is logged in, in a browser that has never been there. */
  async page(services: number): Promise<Page> {
    const { url } = this.#place;
    const context = await this.#browser.newContext({ locale: 'en-US' });
    await context.addInitScript(notes(services));
    const headers = { origin: new URL(url).origin };
    const login = `${url}api/v1/auth/login`;
    const answer = await context.request.post(login, { data: account, headers });
    if (!answer.ok()) throw new Error(`no login: ${answer.status()} ${await answer.text()}`);
    const page = await context.newPage();
    page.setDefaultTimeout(limitMs);
    return page;
  }

  /** How long until all services are on the screen. */
  async load(page: Page): Promise<number> {
    await page.goto(this.#place.url, { waitUntil: 'commit' });
    return page.evaluate<number>('loadedAt');
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
