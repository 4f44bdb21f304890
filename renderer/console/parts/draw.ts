/**
 * Draws a JPEG: the page's policy shows no picture by a data address, but a canvas takes its bytes.
 *
 * @returns true
 * @throws DOMException where it is no picture
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
