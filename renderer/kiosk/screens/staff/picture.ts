import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * A canvas for a picture of someone. It is drawn, never given an address, and its pixels go with this part of the screen.
 *
 * @param read its bytes, and what is to follow once it is drawn; null: there is none
 * @param of asked again when it changes
 */
export function usePicture(
  read: (() => Promise<{ picture: Uint8Array; drawn?: () => void }>) | null,
  of: unknown,
  failed: (cause: unknown) => void = () => undefined,
): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const surface = canvas.current;
    let over = false;
    async function draw(): Promise<void> {
      if (!read) return;
      const { picture, drawn } = await read();
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(picture)]));
      if (surface && !over) {
        surface.width = bitmap.width;
        surface.height = bitmap.height;
        surface.getContext('2d')?.drawImage(bitmap, 0, 0);
        drawn?.();
      }
      bitmap.close();
    }
    draw().catch((cause) => {
      if (!over) failed(cause);
    });
    return () => {
      over = true;
      if (surface) surface.width = surface.height = 0;
    };
  }, [of]);
  return canvas;
}
