/**
 * Draws a JPEG on a canvas. The page's policy forbids images from data URLs, but a canvas accepts the bytes.
 *
 * @param jpeg the file, or its base64
 * @returns true
 * @throws DOMException if it is not an image
 */
export async function drawJpeg(canvas: HTMLCanvasElement | null, jpeg: Blob | string): Promise<true> {
  const bytes = typeof jpeg === 'string' ? Uint8Array.from(atob(jpeg), (c) => c.charCodeAt(0)) : jpeg;
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
  if (canvas) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
  }
  bitmap.close();
  return true;
}
