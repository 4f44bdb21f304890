import { type ComponentChildren, render } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Fields that are cleared while the page waits for its user to sign in again. */
const SECRETS = 'input:is([type="password"], [autocomplete="one-time-code"])';

/** A page that is kept outside the document while its user's session has ended. */
export class KeptPage {
  readonly #element = Object.assign(document.createElement('div'), { className: 'held' });
  #focused: Element | null = null;
  #top = 0;

  /** Puts the page back into the document, as it was. */
  putInto(slot: Element): void {
    slot.append(this.#element);
    // A modal dialog that was out of the document has left the top layer: open it again.
    for (const dialog of this.#element.querySelectorAll('dialog')) {
      dialog.close();
      dialog.showModal();
    }
    scrollTo(0, this.#top);
    if (this.#focused instanceof HTMLElement) this.#focused.focus({ preventScroll: true });
  }

  /** Takes the page out of the document, so that it can't be read, searched or printed. Keeps what was typed, except secrets. */
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

/** Shows a kept page. */
export function Held({ page, children }: { page: KeptPage; children: ComponentChildren }) {
  const slot = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    page.putInto(slot.current!);
    return () => page.takeOut();
  }, []);
  useLayoutEffect(() => page.draw(children));
  return <div class="held" ref={slot} />;
}
