import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepFocus } from './focus';

let stop: () => void;
const get = (id: string) => document.getElementById(id) as HTMLElement;
/** What looks at changes does so after them. */
const looked = () => new Promise<void>((done) => queueMicrotask(() => queueMicrotask(done)));

beforeEach(() => {
  stop = keepFocus('#content');
});
afterEach(() => {
  stop();
  document.body.innerHTML = '';
});

describe('the focus', () => {
  it.each([
    ['the row after a removed one', '<ul><li id="a"><button id="a1">x</button></li><li><button id="b1">x</button></li></ul>', 'a1', 'a', 'b1'],
    ['the row before the last one', '<ul><li><button id="a1">x</button></li><li id="b"><button id="b1">x</button></li></ul>', 'b1', 'b', 'a1'],
    ['a button, and no field on the way', '<ul><li id="a"><button id="a1">x</button></li><li><input><button id="b1">x</button></li></ul>', 'a1', 'a', 'b1'],
    ['the same button of the next row', '<ul><li id="a"><button id="a1" data-testid="go">x</button></li><li><button>x</button><button id="b2" data-testid="go">x</button></li></ul>', 'a1', 'a', 'b2'],
    ['no button that is disabled', '<p><button id="a">x</button><button disabled>x</button><a id="b" href="#x">x</a></p>', 'a', 'a', 'b'],
  ])('goes to %s', async (_, html, focused, removed, expected) => {
    document.body.innerHTML = `<main id="content" tabindex="-1">${html}</main>`;
    get(focused).focus();
    get(removed).remove();
    await looked();
    expect(document.activeElement?.id).toBe(expected);
  });

  it('goes to what takes the place a moment later', async () => {
    document.body.innerHTML = '<main id="content" tabindex="-1"><section id="s"><button id="again">x</button></section><button id="far">x</button></main>';
    get('again').focus();
    get('again').remove();
    await looked();
    expect(document.activeElement).toBe(document.body);
    get('s').innerHTML = '<a id="came" href="#x">x</a>';
    await looked();
    expect(document.activeElement?.id).toBe('came');
  });

  it('goes to the page where its page is gone', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    document.body.innerHTML = '<main id="content" tabindex="-1"><div id="page"><button id="a">x</button></div></main>';
    get('a').focus();
    get('content').innerHTML = '<input id="search"><button id="first">x</button>';
    await looked();
    expect(document.activeElement).toBe(document.body);
    vi.advanceTimersByTime(700);
    vi.useRealTimers();
    expect(document.activeElement?.id).toBe('content');
  });

  it('comes back to a button that was disabled for a while', async () => {
    document.body.innerHTML = '<button id="a">x</button>';
    const button = get('a') as HTMLButtonElement;
    button.focus();
    button.disabled = true;
    button.blur(); // as a browser does by itself
    await looked();
    button.disabled = false;
    await looked();
    expect(document.activeElement).toBe(button);
  });

  it('goes near the opener of a dialog that took it along', async () => {
    document.body.innerHTML =
      '<ul><li id="a"><button id="a1">x</button></li><li><button id="b1">x</button></li></ul><dialog id="d"><button id="go">x</button></dialog>';
    get('a1').focus();
    (get('d') as HTMLDialogElement).showModal();
    get('go').focus();
    get('a').remove();
    get('d').remove();
    await looked();
    expect(document.activeElement?.id).toBe('b1');
  });

  it('stays away where a press elsewhere took it', async () => {
    document.body.innerHTML = '<button id="a">x</button><button>y</button>';
    get('a').focus();
    document.body.dispatchEvent(new Event('pointerdown'));
    get('a').blur();
    get('a').remove();
    await looked();
    expect(document.activeElement).toBe(document.body);
  });
});
