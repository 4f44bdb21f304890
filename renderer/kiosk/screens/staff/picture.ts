import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * A canvas for someone's picture. It is drawn without a URL, and its pixels are cleared when the component unmounts.
 *
 * @param read returns the picture's bytes, and what to do once it is drawn; null: no picture
 * @param of the picture is read again when this changes
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
