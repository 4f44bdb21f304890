import { type ComponentChildren, createPortal } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Fields that are cleared while the page waits for its user to sign in again. */
const SECRETS = 'input:is([type="password"], [autocomplete="one-time-code"])';

/** A page that is kept outside the document while its user's session has ended. */
class KeptPage {
  readonly element = Object.assign(document.createElement('div'), { className: 'kept' });
  #focused: Element | null = null;
  #top = 0;

  /** Puts the page back into the document, as it was. */
  putInto(slot: Element): void {
    slot.append(this.element);
    // A modal dialog that was out of the document has left the top layer: open it again.
    for (const dialog of this.element.querySelectorAll('dialog')) {
      dialog.close();
      dialog.showModal();
    }
    scrollTo(0, this.#top);
    if (this.#focused instanceof HTMLElement) this.#focused.focus({ preventScroll: true });
  }

  /** Takes the page out of the document, so that it can't be read, searched or printed. Keeps what was typed, except secrets. */
  takeOut(): void {
    for (const secret of this.element.querySelectorAll<HTMLInputElement>(SECRETS)) {
      secret.value = '';
      secret.dispatchEvent(new Event('input', { bubbles: true }));
    }
    const { activeElement } = document;
    this.#focused = this.element.contains(activeElement) ? activeElement : null;
    this.#top = scrollY;
    this.element.remove();
  }
}

/** Where a kept page is while it is shown. */
function Slot({ page }: { page: KeptPage }) {
  const slot = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    page.putInto(slot.current!);
    return () => page.takeOut();
  }, []);
  return <div class="kept" ref={slot} />;
}

/** Keeps a page mounted, in or outside the document. */
export function Held({ shown, children }: { shown: boolean; children: ComponentChildren }) {
  const [page] = useState(() => new KeptPage());
  // The slot comes first, so that the page is in the document when its own effects run.
  return (
    <>
      {shown && <Slot page={page} />}
      {createPortal(children, page.element)}
    </>
  );
}
