import { type ComponentChildren, render } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** What is emptied before a page waits for someone to come back. */
const SECRETS = 'input:is([type="password"], [autocomplete="one-time-code"])';

/** A page that is out of the document while the session of who it belongs to has ended. */
export class KeptPage {
  readonly #element = Object.assign(document.createElement('div'), { className: 'held' });
  #focused: Element | null = null;
  #top = 0;

  /** Into the document, as it was before. */
  putInto(slot: Element): void {
    slot.append(this.#element);
    // A dialog that was out of the document lies over nothing.
    for (const dialog of this.#element.querySelectorAll('dialog')) {
      dialog.close();
      dialog.showModal();
    }
    scrollTo(0, this.#top);
    if (this.#focused instanceof HTMLElement) this.#focused.focus({ preventScroll: true });
  }

  /** Out of it: nothing of it can be read, found or printed, and what was typed stays, secrets excepted. */
  takeOut(): void {
    for (const secret of this.#element.querySelectorAll<HTMLInputElement>(SECRETS)) {
      secret.value = '';
      secret.dispatchEvent(new Event('input', { bubbles: true }));
    }
    const { activeElement } = document;
    this.#focused = this.#element.contains(activeElement) ? activeElement : null;
    this.#top = scrollY;
    this.#element.remove();
  }

  draw(content: ComponentChildren): void {
    render(content, this.#element);
  }
}

/** Where a page is while it is shown. */
export function Held({ page, children }: { page: KeptPage; children: ComponentChildren }) {
  const slot = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    page.putInto(slot.current!);
    return () => page.takeOut();
  }, []);
  useLayoutEffect(() => page.draw(children));
  return <div class="held" ref={slot} />;
}
