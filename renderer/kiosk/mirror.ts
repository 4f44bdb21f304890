import type { CoreClient } from '../../electron/contract/methods.ts';
import { t } from './i18n.ts';
import type { Route } from './route.ts';

/** Least time between two pictures, ms. */
const PACE_MS = 500;
/** An unchanged picture is sent this often, ms: the answer says whether the screen is still watched. */
const AGAIN_MS = 5_000;
/** Most pixels on the longer side of a picture. */
const LONGEST = 1200;
/** Most bytes of a picture (wire/farewell.ts). Better qualities are tried first. */
const MOST_BYTES = 70_000;
const QUALITIES = [0.75, 0.5, 0.3];

/** Screens that everyone at the kiosk sees. Staff's screens and the set-up show names and secrets. */
const SHOWN: ReadonlySet<string> = new Set<Route['at']>([
  'checkin',
  'result',
  'voided',
  'other-method',
  'pin',
  'number',
  'qr',
  'badge',
  'wrong',
  'privacy',
]);
/** Pictures of people, and everything else that is not markup. */
const LEFT_OUT = 'video, canvas, img, picture, object, embed, iframe, script, link, meta, template';

/** Sends the core pictures of the screen while `watched` is true. They are drawn from the page's text and style alone. */
export async function mirrorScreen(
  core: Pick<CoreClient, 'screenPicture'>,
  watched: () => boolean,
  page: Document,
): Promise<void> {
  const style = styleOf(page);
  let drawn = '';
  let picture: Uint8Array<ArrayBuffer> | null = null;
  let sentAt = Number.NEGATIVE_INFINITY;
  while (watched()) {
    const markup = markupOf(page, style);
    const changed = markup !== drawn;
    if (changed) picture = await jpegOf(markup).catch(() => null);
    drawn = markup;
    if (picture && watched() && (changed || performance.now() - sentAt >= AGAIN_MS)) {
      sentAt = performance.now();
      // If the core is away, or can't forward it, the next one will do.
      await core.screenPicture({ picture }).catch(() => undefined);
    }
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
}

/** All rules of the page, without fonts (the SVG loads nothing) and without motion (it would stop at its first frame). */
function styleOf(page: Document): string {
  const rules = [...page.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const kept = rules.filter((rule) => !(rule instanceof CSSFontFaceRule)).map(({ cssText }) => cssText);
  return `${kept.join('\n')}
*, *::before, *::after { animation: none !important; transition: none !important; }
.left-out { background: var(--color-sunken); }
.staff-only { display: grid; place-items: center; height: 80%; font-size: var(--text-lead); text-align: center; }`;
}

/** Returns the page as an SVG, without camera picture and typed text. */
export function markupOf(page: Document, style: string): string {
  const { documentElement: html } = page;
  const copy = html.cloneNode(true) as HTMLElement;
  const [head, body] = [copy.querySelector('head')!, copy.querySelector('body')!];
  const at = copy.querySelector<HTMLElement>('.kiosk')?.dataset.at ?? '';
  if (!SHOWN.has(at)) {
    const text = page.createElement('p');
    text.className = 'staff-only';
    text.textContent = t('watched.staff');
    body.replaceChildren(...copy.querySelectorAll('.watched'), text);
  }
  for (const one of body.querySelectorAll(LEFT_OUT)) {
    const place = page.createElement('div');
    place.className = `${one.className} left-out`;
    one.replaceWith(place);
  }
  for (const field of body.querySelectorAll('input, textarea')) {
    field.removeAttribute('value');
    field.textContent = '';
  }
  const sheet = page.createElement('style');
  sheet.textContent = style;
  head.replaceChildren(sheet);
  const svg = page.createElementNS('http://www.w3.org/2000/svg', 'svg');
  // The SVG is the root now, so that selectors on the root's attributes and its font size apply to it.
  for (const { name, value } of html.attributes) svg.setAttribute(name, value);
  svg.setAttribute('width', String(html.clientWidth));
  svg.setAttribute('height', String(html.clientHeight));
  const inside = page.createElementNS('http://www.w3.org/2000/svg', 'foreignObject');
  inside.setAttribute('width', '100%');
  inside.setAttribute('height', '100%');
  inside.append(copy);
  svg.append(inside);
  return new XMLSerializer().serializeToString(svg);
}

/** @returns null if no quality is small enough */
async function jpegOf(svg: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const canvas = new OffscreenCanvas(Math.round(image.width * scale), Math.round(image.height * scale));
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  for (const quality of QUALITIES) {
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    if (blob.size <= MOST_BYTES) return new Uint8Array(await blob.arrayBuffer());
  }
  return null;
}
